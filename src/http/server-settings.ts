import type { CorsSettings } from "./cors.js";
import type { DenialListener } from "./recorded-denials.js";
import type { StallSettings } from "./stall-watch.js";
import type { TlsSettings } from "./tls/tls-settings.js";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** `undefined` for plain HTTP. */
  readonly tls: TlsSettings | undefined;
  /** A path before all others; requests without it are served, too. */
  readonly prefix?: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly cors: CorsSettings;
  readonly maxConnections: number;
  /** In bytes. */
  readonly maxHeaderSize: number;
  /** In milliseconds, like all times here. */
  readonly headersTimeout: number;
  readonly keepAlive: number;
  readonly stall: StallSettings;
  readonly logAccess: boolean;
  /** `undefined` if denials are not recorded. */
  readonly onDenied?: DenialListener | undefined;
}
