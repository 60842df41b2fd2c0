import type { TlsOptions } from "node:tls";

/** How a server speaks TLS. */
export interface TlsSettings {
  /** The server's certificate, with the intermediate ones after it, in PEM format, as all here. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** Authorities of client certificates, each one or several. */
  readonly clientCa: readonly Buffer[];
  /** What clients have to show: nothing, a certificate if they have one, or a certificate in any case. */
  readonly clientAuth: "off" | "request" | "require";
}

/**
 * As node wants it. A handshake without a good client certificate does not fail: the request is refused, with the
 * reason, and a health check needs no certificate.
 */
export function tlsOptionsOf({ cert, key, minVersion, clientCa, clientAuth }: TlsSettings): TlsOptions {
  if (clientAuth === "off") return { cert, key, minVersion };
  return { cert, key, minVersion, ca: [...clientCa], requestCert: true, rejectUnauthorized: false };
}

/** Whether a client whose certificate was good before may have to show another one. */
export function haveAuthoritiesChanged(before: TlsSettings | undefined, after: TlsSettings): boolean {
  if (before === undefined || before.clientCa.length !== after.clientCa.length) return true;
  return before.clientCa.some((authority, index) => after.clientCa[index]?.equals(authority) !== true);
}
