import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsSettings } from "../upstream-settings.js";
import type { Audience } from "./connections.js";
import type { Environment } from "./egress-proxy.js";
import { rootsOf } from "./root-certificates.js";

/** TLS options of `node:https`. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
  readonly ALPNProtocols: string[];
}

/**
 * An operator may list the certificate that the server shows, or an intermediate authority, and not the root: for Go
 * programs, each certificate that is listed is trusted by itself.
 */
const trustingEachListed = { allowPartialTrustChain: true };

/** The authorities and the client certificate of an endpoint's connections. Files are read when first needed. */
export class Trust {
  readonly #settings: TlsSettings;
  readonly #environment: Environment;
  readonly #known = new Map<Audience | "proxies", TlsOptions>();

  constructor(settings: TlsSettings, environment: Environment) {
    this.#settings = settings;
    this.#environment = environment;
  }

  /** The client certificate is only for the endpoint itself. */
  of(audience: Audience): TlsOptions {
    const { ca, cert, key, verify = "full" } = this.#settings;
    const identity = audience === "endpoint" && cert && key ? { cert, key } : {};
    return this.#once(audience, ca, { rejectUnauthorized: verify === "full", identity });
  }

  /** A proxy belongs to no upstream, so settings of one do not apply. */
  ofProxies(): TlsOptions {
    return this.#once("proxies", undefined, { rejectUnauthorized: true, identity: {} });
  }

  /** Parsing all root certificates takes milliseconds, so it is not done for each connection. */
  #once(
    whom: Audience | "proxies",
    ca: string | undefined,
    { rejectUnauthorized, identity }: { rejectUnauthorized: boolean; identity: { cert?: string; key?: string } },
  ): TlsOptions {
    const known = this.#known.get(whom);
    if (known) return known;
    const roots = rootsOf(this.#environment, ca);
    const secureContext = createSecureContext({ ...identity, ...(roots && { ca: [...roots] }), ...trustingEachListed });
    // A server that speaks only HTTP/2 then says so (RFC 7301, section 3.2).
    const options = { rejectUnauthorized, secureContext, ALPNProtocols: ["http/1.1"] };
    this.#known.set(whom, options);
    return options;
  }
}
