import type { Agent } from "node:http";
import type { RequestOptions } from "node:https";
import type { AxiosProxyConfig } from "axios";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type AddressPolicy, resolveByDns } from "./address-policy.js";
import { type Dialer, DialingHttpAgent, DialingHttpsAgent } from "./dialing-agents.js";
import { type Environment, egressProxyFor } from "./egress-proxy.js";
import { closeUnasked } from "./idle-socket.js";
import type { Trust } from "./trust.js";

/** Whether the operator chose the host, or the upstream led there. */
export type Audience = "endpoint" | "elsewhere";

/** How to reach a URL. */
export interface Connection {
  /** Agent and TLS, as for `node:https`. */
  readonly options: RequestOptions;
  /** The proxy that receives a plain `http:` URL in absolute form. */
  readonly forwardProxy?: AxiosProxyConfig;
}

interface ConnectionsOptions {
  readonly trust: Trust;
  readonly policy: AddressPolicy;
  readonly environment: Environment;
  /** For DNS and connection together. */
  readonly connectTimeoutMs: number;
  /** Maximum idle connections to keep, per host. */
  readonly maxIdle: number;
}

/** Agents whose connections were judged by the same policy. */
interface Pool {
  readonly http: Agent;
  readonly https: Readonly<Record<Audience, Agent>>;
}

/** The kept-alive connections of one endpoint, direct or through an egress proxy. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #keepAlive: { keepAlive: true; maxFreeSockets: number };
  /** Connections from before the endpoint was known to be public are not used afterwards. */
  readonly #pools: Readonly<Record<"unjudged" | "public", Pool>>;
  readonly #toProxy: { readonly http: Agent; readonly https: Agent };
  readonly #tunnels = new Map<string, Agent>();

  constructor(options: ConnectionsOptions) {
    const { policy, connectTimeoutMs: withinMs, maxIdle } = options;
    this.#options = options;
    this.#keepAlive = { keepAlive: true, maxFreeSockets: maxIdle };
    const guarded: Dialer = { addressesOf: (hostname) => policy.addressesOf(hostname), withinMs };
    this.#pools = { unjudged: this.#poolOf(guarded), public: this.#poolOf(guarded) };
    // The operator chose the proxies, so their addresses are not judged.
    this.#toProxy = this.#agentsOf({ addressesOf: resolveByDns, withinMs });
  }

  /** @throws InvalidAnswerError if this URL is forbidden */
  async to(url: URL, audience: Audience): Promise<Connection> {
    const { policy, environment, trust } = this.#options;
    policy.admit(url);
    const proxy = egressProxyFor(url, environment);
    if (proxy) await policy.admitByName(url);
    const pool = this.#pools[policy.isPublic ? "public" : "unjudged"];
    if (url.protocol === "http:") return proxy ? this.#forwarded(proxy) : { options: { agent: pool.http } };
    const agent = proxy ? this.#tunnelTo(proxy, audience) : pool.https[audience];
    return { options: { ...trust.of(audience), agent } };
  }

  #poolOf(dialer: Dialer): Pool {
    const { http, https } = this.#agentsOf(dialer);
    return { http, https: { endpoint: https, elsewhere: new DialingHttpsAgent(dialer, this.#keepAlive) } };
  }

  #agentsOf(dialer: Dialer): { http: Agent; https: Agent } {
    return {
      http: new DialingHttpAgent(dialer, this.#keepAlive),
      https: new DialingHttpsAgent(dialer, this.#keepAlive),
    };
  }

  close(): void {
    const direct = Object.values(this.#pools).flatMap(({ http, https }) => [http, ...Object.values(https)]);
    for (const agent of [...direct, ...Object.values(this.#toProxy), ...this.#tunnels.values()]) agent.destroy();
  }

  #forwarded(proxy: URL): Connection {
    const { protocol, hostname, username, password } = proxy;
    const secure = protocol === "https:";
    const port = Number(proxy.port || (secure ? 443 : 80));
    const auth = username
      ? { auth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }
      : {};
    const agent = secure ? this.#toProxy.https : this.#toProxy.http;
    return {
      options: { ...(secure && this.#options.trust.ofProxies()), agent },
      forwardProxy: { protocol, host: hostname, port, ...auth },
    };
  }

  #tunnelTo(proxy: URL, audience: Audience): Agent {
    const key = `${audience} ${proxy.href}`;
    const known = this.#tunnels.get(key);
    if (known) return known;
    const options = {
      ...this.#keepAlive,
      ...(proxy.protocol === "https:" && this.#options.trust.ofProxies()),
      // It connects as Node does: each address except the last is given up after this time.
      autoSelectFamilyAttemptTimeout: this.#options.connectTimeoutMs / 4,
    };
    const tunnel = closeUnasked(new HttpsProxyAgent(proxy.href, options));
    this.#tunnels.set(key, tunnel);
    return tunnel;
  }
}
