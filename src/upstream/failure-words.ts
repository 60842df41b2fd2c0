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
  if (code.startsWith("HPE_")) return { words: `does not speak HTTP (${code})`, kind: "invalid", transient: false };
  return { words: `${wordsOf(code, error)}${code && ` (${code})`}`, kind: "unavailable", transient: true };
}

function wordsOf(code: string, error: unknown): string {
  const broken = brokenConnections.get(code);
  if (broken !== undefined) return broken;
  const reason = unreachable.get(code) ?? (error instanceof Error ? error.message : "the request failed");
  return `cannot be reached: ${reason}`;
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
