import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type ClientCertificate, readClientCertificate } from "../../auth/client-certificate.js";
import { RegistryError } from "../../oci/errors.js";
import type { TlsSettings } from "./tls-settings.js";

/** What a client has shown when TLS was agreed upon. */
interface Shown {
  /** Of a certificate that an authority of `server.tls.clientCa` has signed. */
  readonly certificate?: ClientCertificate;
  /** Why a certificate is not good, in OpenSSL's words. */
  readonly problem?: string;
}

const nothing: Shown = {};

/** A connection keeps what it has shown, and reading a certificate takes time. */
const shownOn = new WeakMap<TLSSocket, Shown>();

/** The client certificate of a connection, if it is good. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  return shownBy(socket).certificate;
}

/**
 * Refuses a request on a connection without the certificate that it needs, and one on which a bad certificate was
 * shown: like a wrong password, it is the mistake of somebody who expects to be known.
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

function shownBy(socket: Socket): Shown {
  if (!(socket instanceof TLSSocket)) return nothing;
  const known = shownOn.get(socket);
  if (known !== undefined) return known;
  const shown = read(socket);
  shownOn.set(socket, shown);
  return shown;
}

/**
 * Node also calls a client authorized that resumes a session of TLS 1.3 without ever having shown a certificate
 * (`VerifyPeerCertificate` in its crypto_common.cc), so the certificate itself has to be there.
 */
function read(socket: TLSSocket): Shown {
  const certificate = socket.getPeerCertificate();
  // Empty where the client sent none, whatever the type says.
  if (certificate?.raw === undefined) return nothing;
  if (socket.authorized) return { certificate: readClientCertificate(certificate) };
  return { problem: inWords(String(socket.authorizationError)) };
}

/** `CERT_HAS_EXPIRED` as `cert has expired`. */
function inWords(code: string): string {
  return code
    .replace(/^Error: /, "")
    .replaceAll("_", " ")
    .toLowerCase();
}
