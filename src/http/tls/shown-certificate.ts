import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ClientCertificate, readClientCertificate } from "../../auth/client-certificate.js";
import { RegistryError } from "../../oci/errors.js";
import type { TlsSettings } from "./tls-settings.js";

/** What a client showed in the TLS handshake. */
interface Shown {
  /** A certificate signed by an authority of `server.tls.clientCa`. */
  readonly certificate?: ClientCertificate;
  /** Why a certificate is invalid, in OpenSSL's words. */
  readonly problem?: string;
}

const nothing: Shown = {};

/** Remembered per connection, since reading a certificate takes time. */
const shownOn = new WeakMap<TLSSocket, Shown>();

/** The client certificate of a connection, if it is valid. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  return shownBy(socket).certificate;
}

/**
 * Refuses a request on a connection without a required certificate, or with an invalid one: like a wrong password, that
 * is a mistake of a client that expects to be recognised.
 * @throws RegistryError DENIED
 */
export function checkClientCertificate(socket: Socket, clientAuth: TlsSettings["clientAuth"]): void {
  if (clientAuth === "off") return;
  const { certificate, problem } = shownBy(socket);
  if (problem !== undefined) throw new RegistryError("DENIED", `the client certificate is not accepted: ${problem}`);
  if (certificate === undefined && clientAuth === "require") {
    throw new RegistryError("DENIED", "a client certificate is required to use this registry, and none was sent");
  }
}

/** By what `node:tls` documents for this purpose; loading its class would slow down a start without TLS. */
export function isEncrypted(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket;
}

function shownBy(socket: Socket): Shown {
  if (!isEncrypted(socket)) return nothing;
  const known = shownOn.get(socket);
  if (known !== undefined) return known;
  const shown = read(socket);
  shownOn.set(socket, shown);
  return shown;
}

/**
 * Node also reports a client as authorized that resumes a TLS 1.3 session without ever having shown a certificate
 * (`VerifyPeerCertificate` in its crypto_common.cc), so the certificate itself must be present.
 */
function read(socket: TLSSocket): Shown {
  const certificate = socket.getPeerCertificate();
  // Empty if the client sent none, although the type does not say so.
  if (certificate?.raw === undefined) return nothing;
  if (socket.authorized) return { certificate: readClientCertificate(certificate) };
  return { problem: inWords(String(socket.authorizationError)) };
}

/** Turns `CERT_HAS_EXPIRED` into `cert has expired`. */
function inWords(code: string): string {
  return code
    .replace(/^Error: /, "")
    .replaceAll("_", " ")
    .toLowerCase();
}
