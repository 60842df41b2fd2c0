import type { TlsOptions } from "node:tls";

/** The TLS settings of a server. */
export interface TlsSettings {
  /** The server's certificate, followed by the intermediate ones; all texts here are in PEM format. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** Authorities of client certificates; each text contains one or more. */
  readonly clientCa: readonly Buffer[];
  /** What clients must show: nothing, a certificate if they have one, or a certificate in any case. */
  readonly clientAuth: "off" | "request" | "require";
}

/**
 * The options for Node. A handshake without a valid client certificate does not fail: instead, the request is refused
 * with the reason, and health checks need no certificate.
 */
export function tlsOptionsOf({ cert, key, minVersion, clientCa, clientAuth }: TlsSettings): TlsOptions {
  if (clientAuth === "off") return { cert, key, minVersion };
  return { cert, key, minVersion, ca: [...clientCa], requestCert: true, rejectUnauthorized: false };
}

/** Whether a client whose certificate was valid may now need another one. */
export function haveAuthoritiesChanged(before: TlsSettings | undefined, after: TlsSettings): boolean {
  if (before === undefined || before.clientCa.length !== after.clientCa.length) return true;
  return before.clientCa.some((authority, index) => after.clientCa[index]?.equals(authority) !== true);
}
