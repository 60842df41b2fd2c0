import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { rootCertificates, type SecureContextOptions } from "node:tls";
import type { AxiosProxyConfig } from "axios";
import { HttpsProxyAgent } from "https-proxy-agent";
import type { TlsSettings } from "../upstream-settings.js";
import type { AddressPolicy } from "./address-policy.js";
import { type Environment, egressProxyFor } from "./egress-proxy.js";

/** Whether the operator chose the host, or the upstream sent us there. */
export type Audience = "endpoint" | "elsewhere";

/** TLS, as `node:https` takes it. */
type Trust = Pick<SecureContextOptions, "ca" | "cert" | "key"> & { readonly rejectUnauthorized: boolean };

/** How to reach a URL. */
export interface Connection {
  /** Agent and TLS, as `node:https` takes them. */
  readonly options: RequestOptions;
  /** The proxy that is asked for a plain `http:` URL by its absolute form. */
  readonly forwardProxy?: AxiosProxyConfig;
}

interface ConnectionsOptions {
  readonly tls: TlsSettings;
  readonly policy: AddressPolicy;
  readonly environment: Environment;
  /** Connections that are kept open though idle, for each host. */
  readonly maxIdle: number;
}

/** The kept-alive connections of one endpoint, straight or through an egress proxy. */
export class Connections {
  readonly #policy: AddressPolicy;
  readonly #environment: Environment;
  readonly #keepAlive: { keepAlive: true; maxFreeSockets: number };
  readonly #tls: Readonly<Record<Audience, Trust>>;
  readonly #http: HttpAgent;
  readonly #https: Readonly<Record<Audience, HttpsAgent>>;
  /** To a proxy: chosen by the operator, so its address is not judged. */
  readonly #toProxy: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #tunnels = new Map<string, HttpsProxyAgent<string>>();

  constructor(options: ConnectionsOptions) {
    const { ca, cert, key, verify = "full" } = options.tls;
    const trust = { ...(ca && { ca: [...rootCertificates, ca] }), rejectUnauthorized: verify === "full" };
    this.#policy = options.policy;
    this.#environment = options.environment;
    this.#keepAlive = { keepAlive: true, maxFreeSockets: options.maxIdle };
    this.#tls = { endpoint: { ...trust, ...(cert && key && { cert, key }) }, elsewhere: trust };
    const guarded = { ...this.#keepAlive, lookup: options.policy.lookup };
    this.#http = new HttpAgent(guarded);
    this.#https = {
      endpoint: new HttpsAgent({ ...guarded, ...this.#tls.endpoint }),
      elsewhere: new HttpsAgent({ ...guarded, ...this.#tls.elsewhere }),
    };
    this.#toProxy = { http: new HttpAgent(this.#keepAlive), https: new HttpsAgent(this.#keepAlive) };
  }

  /** @throws InvalidAnswerError if nothing may lead to this URL */
  async to(url: URL, audience: Audience): Promise<Connection> {
    this.#policy.admit(url);
    const proxy = egressProxyFor(url, this.#environment);
    if (proxy) await this.#policy.admitByName(url);
    if (url.protocol === "http:") return proxy ? this.#forwarded(proxy) : { options: { agent: this.#http } };
    const agent = proxy ? this.#tunnelTo(proxy, audience) : this.#https[audience];
    return { options: { ...this.#tls[audience], agent } };
  }

  close(): void {
    const direct = [this.#http, ...Object.values(this.#https)];
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
    return { options: { agent }, forwardProxy: { protocol, host: hostname, port, ...auth } };
  }

  #tunnelTo(proxy: URL, audience: Audience): HttpsProxyAgent<string> {
    const key = `${audience} ${proxy.href}`;
    const known = this.#tunnels.get(key);
    if (known) return known;
    const tunnel = new HttpsProxyAgent(proxy.href, this.#keepAlive);
    this.#tunnels.set(key, tunnel);
    return tunnel;
  }
}
