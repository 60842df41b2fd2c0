/** Berth's credentials. The file is that of `docker login`, read again when the upstream refuses. */
export type CredentialSettings =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly dockerConfigFile: string };

/** TLS of one endpoint: texts in PEM format. */
export interface TlsSettings {
  /** Authorities to trust in addition to Node's, or to those of `SSL_CERT_FILE` and the like. */
  readonly ca?: string;
  /** Client certificate; with `key`. Never sent to the targets of redirects. */
  readonly cert?: string;
  readonly key?: string;
  /** `skip` accepts any certificate. */
  readonly verify?: "full" | "skip";
}

/** One address of an upstream: the registry itself, or a mirror of it. */
export interface EndpointSettings {
  /** http or https. A path is kept: for `https://host/prefix`, requests go to `/prefix/v2/...`. */
  readonly url: string;
  /** Sent only to this endpoint, and to token realms that belong to it. */
  readonly credentials?: CredentialSettings;
  /**
   * Other hosts (`host` or `host:port`) that may receive the credentials to issue tokens; those of the same site may.
   */
  readonly realms?: readonly string[];
  readonly tls?: TlsSettings;
  /**
   * The network of the endpoint. A public one may not send Berth into private networks. With `auto`, it counts as
   * public from the first DNS answer with a public address.
   */
  readonly network?: "auto" | "public" | "private";
}

/**
 * One upstream. Durations in milliseconds, sizes in bytes.
 *
 * | key | default | meaning |
 * |---|---|---|
 * | `name` | | such as `docker.io`; for messages |
 * | `endpoints` | | asked in this order: mirrors first, the registry itself last, which is authoritative |
 * | `connectTimeout` | 10 s | DNS, TCP, an egress proxy and TLS together |
 * | `firstByteTimeout` | 15 s | from the connection to the response headers |
 * | `answerTimeout` | 25 s | one request with its retries (clients such as containerd wait 30 s) |
 * | `idleTimeout` | 30 s | without any byte of a body |
 * | `slowBelow`, `slowWindow` | 1 KiB, 30 s | a body slower than `slowBelow` per second over the window is cut off |
 * | `attempts` | 3 | times that all endpoints are tried |
 * | `retryDelay` | 200 ms | before the second attempt; doubled each time, and half of it random |
 * | `outageMemory` | 10 s | how long an unreachable endpoint is not asked if there is an alternative |
 * | `maxRetryAfter` | 1 h | a longer `Retry-After` is cut to this |
 * | `maxConcurrent` | 32 | concurrent requests to one endpoint, and as many more that check for a blob |
 * | `maxDownloads` | 256, or `maxConcurrent` if given | concurrent blobs up to 1 MiB, and as many larger ones |
 * | `maxManifestSize` | 8 MiB | larger ones are refused; containerd accepts as much, the specification demands 4 |
 */
export interface UpstreamSettings {
  readonly name: string;
  readonly endpoints: readonly EndpointSettings[];
  readonly connectTimeout?: number;
  readonly firstByteTimeout?: number;
  readonly answerTimeout?: number;
  readonly idleTimeout?: number;
  readonly slowBelow?: number;
  readonly slowWindow?: number;
  readonly attempts?: number;
  readonly retryDelay?: number;
  readonly outageMemory?: number;
  readonly maxRetryAfter?: number;
  readonly maxConcurrent?: number;
  readonly maxDownloads?: number;
  readonly maxManifestSize?: number;
}

export const upstreamDefaults = {
  connectTimeout: 10_000,
  firstByteTimeout: 15_000,
  answerTimeout: 25_000,
  idleTimeout: 30_000,
  slowBelow: 1024,
  slowWindow: 30_000,
  attempts: 3,
  retryDelay: 200,
  outageMemory: 10_000,
  maxRetryAfter: 3_600_000,
  maxConcurrent: 32,
  maxDownloads: 256,
  maxManifestSize: 8 * 1024 * 1024,
} as const;

/** The settings with all defaults filled in. */
export type CompleteSettings = Required<UpstreamSettings>;

export function completeSettings(settings: UpstreamSettings): CompleteSettings {
  const { maxDownloads = settings.maxConcurrent ?? upstreamDefaults.maxDownloads } = settings;
  return { ...upstreamDefaults, ...settings, maxDownloads };
}
