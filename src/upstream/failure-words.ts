/** Why a host cannot be reached, by Node's error codes. */
const unreachable = new Map([
  ["ENOTFOUND", "its name does not resolve"],
  ["EAI_AGAIN", "its name does not resolve at the moment"],
  ["ECONNREFUSED", "the connection was refused"],
  ["ETIMEDOUT", "the connection timed out"],
  ["EHOSTUNREACH", "there is no route to it"],
  ["ENETUNREACH", "the network is unreachable"],
  ["EADDRNOTAVAIL", "the network is unreachable"],
]);

/** What went wrong on a connection. */
const brokenConnections = new Map([
  ["ECONNRESET", "broke off the connection"],
  ["EPIPE", "broke off the connection"],
  ["EPROTO", "does not speak TLS as expected"],
]);

const unknownAuthority = "is signed by an unknown authority; trust it with `ca`";

/** What is wrong with a certificate. Only the operator can fix it; retrying does not help. */
const certificateProblems = new Map([
  ["CERT_HAS_EXPIRED", "has expired"],
  ["CERT_NOT_YET_VALID", "is not valid yet"],
  ["CERT_REVOKED", "was revoked"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "is self-signed; trust it with `ca`"],
  ["SELF_SIGNED_CERT_IN_CHAIN", unknownAuthority],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT", unknownAuthority],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", unknownAuthority],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "is for another name"],
]);

const speaksHttp2 = "speaks only HTTP/2, and Berth asks by HTTP/1.1; name a proxy in front of it that accepts both";

/** How the first bytes of what is no HTTP/1.1 begin, in hexadecimal, where that tells what is wrong. */
const otherProtocols: readonly (readonly [begins: RegExp, words: string])[] = [
  // The server's preface: a frame of the type SETTINGS, or GOAWAY, on stream 0 (RFC 9113, sections 3.4 and 4.1).
  [/^00....0[47]00(00){4}/, speaksHttp2],
  // An alert (RFC 8446, section 5.1).
  [/^15030[0-4]/, "speaks TLS; its address begins with https://"],
];

export interface Failure {
  /** What is said about the host, such as "broke off the connection". */
  readonly words: string;
  readonly kind: "unavailable" | "invalid";
  readonly transient: boolean;
}

/** Why an exchange with a host failed, in words for people. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  const certificate = certificateProblems.get(code);
  if (certificate)
    return { words: `has a certificate that ${certificate} (${code})`, kind: "unavailable", transient: false };
  const other = otherProtocolOf(error);
  if (other !== undefined) return { words: other, kind: "invalid", transient: false };
  if (code.startsWith("HPE_")) return { words: `does not speak HTTP (${code})`, kind: "invalid", transient: false };
  return { words: `${wordsOf(code, error)}${code && ` (${code})`}`, kind: "unavailable", transient: true };
}

function wordsOf(code: string, error: unknown): string {
  if (error instanceof Error && error.message.includes(":wrong version number:"))
    return "does not speak TLS as expected; if it speaks none, its address begins with http://";
  const broken = brokenConnections.get(code);
  if (broken !== undefined) return broken;
  const reason = unreachable.get(code) ?? (error instanceof Error ? error.message : "the request failed");
  return `cannot be reached: ${reason}`;
}

/** Named by OpenSSL's words, since its code depends on when the connection breaks off, or by the first bytes. */
function otherProtocolOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/alert no application protocol/i.test(error.message)) return speaksHttp2;
  if (!("rawPacket" in error && Buffer.isBuffer(error.rawPacket))) return undefined;
  const start = error.rawPacket.toString("hex", 0, 9);
  return otherProtocols.find(([begins]) => begins.test(start))?.[1];
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
