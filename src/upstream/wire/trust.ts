import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsSettings } from "../upstream-settings.js";
import type { Audience } from "./connections.js";
import type { Environment } from "./egress-proxy.js";
import { rootsOf } from "./root-certificates.js";

/** TLS, as `node:https` takes it. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
}

/** Whom an endpoint's connections trust, and as whom they show themselves. Certificates are read when first needed. */
export class Trust {
  readonly #settings: TlsSettings;
  readonly #environment: Environment;
  readonly #known = new Map<Audience | "proxies", TlsOptions>();

  constructor(settings: TlsSettings, environment: Environment) {
    this.#settings = settings;
    this.#environment = environment;
  }

  /** The client certificate is for the endpoint alone. */
  of(audience: Audience): TlsOptions {
    const { ca, cert, key, verify = "full" } = this.#settings;
    const identity = audience === "endpoint" && cert && key ? { cert, key } : {};
    return this.#once(audience, ca, { rejectUnauthorized: verify === "full", identity });
  }

  /** A proxy belongs to no upstream, so what is set for one says nothing of it. */
  ofProxies(): TlsOptions {
    return this.#once("proxies", undefined, { rejectUnauthorized: true, identity: {} });
  }

  /** Parsing all roots takes milliseconds, so it is not done for each connection. */
  #once(
    whom: Audience | "proxies",
    ca: string | undefined,
    { rejectUnauthorized, identity }: { rejectUnauthorized: boolean; identity: { cert?: string; key?: string } },
  ): TlsOptions {
    const known = this.#known.get(whom);
    if (known) return known;
    const roots = rootsOf(this.#environment, ca);
    const secureContext = createSecureContext({ ...identity, ...(roots && { ca: [...roots] }) });
    const options = { rejectUnauthorized, secureContext };
    this.#known.set(whom, options);
    return options;
  }
}
