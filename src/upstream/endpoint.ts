import type { Reservation } from "../foundation/semaphore.js";
import type { Logger } from "../observability/logger.js";
import { dockerHub, isHubHost } from "../oci/docker-hub.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AuthorizedRequests } from "./auth/authorized-requests.js";
import type { HeadMemory } from "./head-memory.js";
import type { HostErrors } from "./host-errors.js";
import type { Clock, Deadline } from "./limits/deadline.js";
import type { Demand } from "./limits/demand.js";
import type { Outage } from "./limits/outage.js";
import type { QuotaMemory } from "./limits/quota.js";
import type { RateLimits } from "./limits/rate-limits.js";
import { parseRetryAfter } from "./limits/rate-limits.js";
import type { RequestClass, Slot, Slots } from "./limits/slots.js";
import type { WireAnswer } from "./wire/wire.js";
import { RecalledError } from "./wire/wire-errors.js";

/** A request to an endpoint; its URL comes from {@link Endpoint.urlOf}. */
export interface EndpointRequest {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly repository: RepositoryName;
  readonly requestClass: RequestClass;
  readonly headers: Readonly<Record<string, string>>;
  /** Time from the connection to the headers, if different from other requests. */
  readonly firstByteMs?: number | undefined;
}

/** Who sends a request, and how long it may take. */
export interface AttemptOptions {
  readonly deadline: Deadline;
  readonly log: Logger;
  /** Whether the caller has an alternative: then an upstream that was just unreachable is not asked. */
  readonly hasFallback: boolean;
  /** Whether a client waits for the response. */
  readonly demand: Demand;
  /** Called when the request is sent, after waiting for its turn. */
  readonly onSent: () => void;
  readonly room?: Reservation | undefined;
}

interface EndpointOptions {
  readonly url: URL;
  readonly requests: AuthorizedRequests;
  readonly errors: HostErrors;
  readonly clock: Clock;
  readonly outage: Outage;
  readonly limits: RateLimits;
  readonly quota: QuotaMemory;
  readonly heads: HeadMemory;
  readonly slots: Readonly<Record<RequestClass, Slots>>;
  readonly maxRetryAfterMs: number;
  readonly close: () => void;
}

/** One address of an upstream: sends a request once, with authorization, within its limits. */
export class Endpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.errors.host;
  }

  /** Closes idle connections. */
  close(): void {
    this.#options.close();
  }

  /** Whether it was unreachable a moment ago. */
  get outage(): Outage {
    return this.#options.outage;
  }

  /** What HEAD was worth here. */
  get heads(): HeadMemory {
    return this.#options.heads;
  }

  /** Whether a GET of a manifest counts as a pull: for Docker Hub, and others that send a quota as it does. */
  get countsPulls(): boolean {
    const { errors, url, quota } = this.#options;
    return errors.upstream === dockerHub || isHubHost(url.hostname) || quota.last !== undefined;
  }

  /** Names, tags and digests contain no characters with a meaning in URLs. */
  urlOf(repository: RepositoryName, ...path: readonly string[]): URL {
    const url = new URL(this.#options.url);
    url.pathname = [url.pathname.replace(/\/$/, ""), "v2", repository, ...path].join("/");
    return url;
  }

  /** Turns a failure here into the form for callers. */
  explain(error: unknown, deadline: Deadline): unknown {
    return this.#options.errors.of(error, deadline.signal);
  }

  /**
   * Sends a request and returns a successful response. Its body must be read, discarded or closed.
   * @throws UpstreamError
   */
  async send(request: EndpointRequest, options: AttemptOptions): Promise<WireAnswer> {
    await this.#options.limits.learn();
    this.#refuseLimited(request.url, request);
    const slot = await this.#slotFor(request, options);
    try {
      options.onSent();
      const answer = await this.#options.requests.send({
        request: { ...request, audience: "endpoint" },
        repository: request.repository,
        deadline: options.deadline,
        admit: (url) => this.#refuseLimited(url, request),
      });
      await this.#judge(answer, request, options);
      answer.body.onClose(() => slot.giveBack());
      slot.onRecall(() => answer.body.breakOff(new RecalledError()));
      // 203 means that a proxy on the way transformed the response (RFC 9110): treated as 200.
      return answer.status === 203 ? { ...answer, status: 200 } : answer;
    } catch (error) {
      slot.giveBack();
      throw this.explain(error, options.deadline);
    }
  }

  /** A caller with a stored copy waits for a turn no longer than for a response. */
  #slotFor({ requestClass }: EndpointRequest, { deadline, hasFallback, demand }: AttemptOptions): Promise<Slot> {
    const turn = (signal: AbortSignal) => this.#options.slots[requestClass].take(demand, signal);
    return hasFallback ? deadline.timed(turn) : deadline.untimed(turn);
  }

  /** A host that limits this kind of request is left alone until the time is over. */
  #refuseLimited(url: URL, request: EndpointRequest): void {
    const { limits, errors } = this.#options;
    const waitMs = limits.waitMs(url.host, kindOf(request));
    if (waitMs > 0) throw errors.at(url.host).limited(waitMs);
  }

  async #judge(answer: WireAnswer, request: EndpointRequest, options: AttemptOptions): Promise<void> {
    const { outage, limits, quota, clock, maxRetryAfterMs, errors } = this.#options;
    const { host } = answer.url;
    const kind = kindOf(request);
    outage.ended();
    quota.note(answer.headers, options.log);
    if (answer.status !== 429) limits.answered(host, kind);
    if (answer.status === 200 || answer.status === 203 || answer.status === 206) return;
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], clock.wall(), maxRetryAfterMs);
    const hostErrors = errors.at(host);
    if (answer.status !== 429) throw await hostErrors.ofResponse(answer, retryAfterMs);
    limits.refused(host, kind, retryAfterMs);
    throw await hostErrors.ofResponse(answer, limits.waitMs(host, kind));
  }
}

/** `manifests`, `blobs`, `tags` or `referrers`: the second to last part of the path. */
function kindOf({ url }: EndpointRequest): string {
  return url.pathname.split("/").at(-2) ?? "";
}
