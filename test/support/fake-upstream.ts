import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { ContentStore } from "./fake-upstream/content-store.js";
import { FaultPlan } from "./fake-upstream/fault-plan.js";
import { HttpHost, type HttpHostOptions } from "./fake-upstream/http-host.js";
import { Ledger } from "./fake-upstream/ledger.js";
import { PullQuota } from "./fake-upstream/pull-quota.js";
import { type RegistryHabits, registryReply } from "./fake-upstream/registry-api.js";
import { emptyReply, errorReply, type Reply, sendReply } from "./fake-upstream/reply.js";
import { type FakeRequest, type HostName, routeOf } from "./fake-upstream/request.js";
import { Throttle } from "./fake-upstream/throttle.js";
import { isKnownLogin, TokenService } from "./fake-upstream/token-service.js";
import type { Scope } from "./scope.js";

/** The address of the registry; a second one such as 127.0.0.2 is another host to a client. */
interface FakeUpstreamOptions extends Partial<HttpHostOptions> {
  /** The authentication that it demands. */
  readonly auth?: "none" | "bearer" | "basic";
  /** Before `/v2/`. */
  readonly prefix?: string;
}

/**
 * A registry like Docker Hub, with a token service and a second host for blobs, that counts its requests and can be
 * made to fail in every way.
 */
export class FakeUpstream {
  readonly store = new ContentStore();
  readonly faults = new FaultPlan();
  readonly ledger = new Ledger();
  readonly tokens = new TokenService();
  readonly quota = new PullQuota();
  readonly throttle = new Throttle();
  readonly habits: RegistryHabits = {
    blobsAt: undefined,
    hasReferrersApi: true,
    knowsRange: true,
    knowsIfRange: true,
    tagsPerPage: 1_000,
  };
  readonly #options: FakeUpstreamOptions;
  readonly #registry: HttpHost;
  readonly #cdn: HttpHost;

  constructor(options: FakeUpstreamOptions) {
    const address = "127.0.0.1";
    this.#options = options;
    const hosting = { address, ...options };
    this.#registry = new HttpHost((request, response) => void this.#handle("registry", request, response), hosting);
    this.#cdn = new HttpHost((request, response) => void this.#handle("cdn", request, response), { address });
  }

  /** Starts one that stops when the test is over. */
  static async start(scope: Scope, options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
    const fake = new FakeUpstream(options);
    scope.defer(() => Promise.all([fake.#registry.stop(), fake.#cdn.stop()]));
    await Promise.all([fake.start(), fake.#cdn.start()]);
    fake.tokens.realm = `${fake.origin}/token`;
    return fake;
  }

  /** Scheme, host and port. */
  get origin(): string {
    const { address = "127.0.0.1", tls } = this.#options;
    return `${tls ? "https" : "http"}://${address}:${this.#registry.port}`;
  }

  /** As an upstream in the configuration. */
  get url(): string {
    return this.origin + (this.#options.prefix ?? "");
  }

  /** The URL of the second host, which also has another name. */
  get cdnOrigin(): string {
    return `http://localhost:${this.#cdn.port}`;
  }

  /** Number of connections to the registry so far. */
  get connections(): number {
    return this.#registry.connections;
  }

  /** From now on, blobs are redirected to the second host, which refuses any `Authorization`. */
  redirectBlobs(): void {
    this.habits.blobsAt = this.cdnOrigin;
  }

  /** Refuses connections to the registry, and breaks open ones. */
  stop(): Promise<void> {
    return this.#registry.stop();
  }

  /** After `stop`, on the same port. */
  start(): Promise<void> {
    return this.#registry.start();
  }

  async #handle(host: HostName, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await this.#read(host, incoming);
    const entry = this.ledger.enter(request);
    const reply = this.faults.apply(this.#reply(request), request);
    entry.status = reply.status;
    await sendReply(response, reply, {
      isHead: request.method === "HEAD",
      throttle: this.throttle,
      onBytes: (count) => {
        entry.bytes += count;
      },
    });
  }

  async #read(host: HostName, incoming: IncomingMessage): Promise<FakeRequest> {
    const url = new URL(incoming.url ?? "/", "http://fake");
    const { prefix = "" } = this.#options;
    const path =
      host === "registry" && url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : url.pathname;
    const { method = "GET", headers } = incoming;
    const form = new URLSearchParams(method === "POST" ? await text(incoming) : "");
    return { host, ...routeOf(path), method, path: url.pathname, query: url.searchParams, headers, form };
  }

  #reply(request: FakeRequest): Reply {
    if (request.kind === "token") return this.tokens.answer(request);
    const refusal = request.host === "registry" ? this.#refusal(request) : undefined;
    if (refusal) return refusal;
    const limited = request.kind === "manifest" ? this.quota.count(request) : undefined;
    if (limited) return limited;
    const reply = registryReply(request, this.store, this.habits);
    return request.kind === "manifest" ? { ...reply, headers: { ...reply.headers, ...this.quota.headers() } } : reply;
  }

  #refusal(request: FakeRequest): Reply | undefined {
    const { auth = "none" } = this.#options;
    if (auth === "none" || (auth === "bearer" && this.tokens.admits(request))) return undefined;
    const { authorization = "" } = request.headers;
    if (auth === "basic" && isKnownLogin(this.tokens.logins, authorization)) return undefined;
    const challenge = auth === "basic" ? 'Basic realm="fake registry"' : this.tokens.challenge(request.name);
    const headers = { "www-authenticate": challenge };
    if (request.method === "HEAD") return emptyReply(401, headers);
    return errorReply(401, "UNAUTHORIZED", "authentication required", headers);
  }
}
