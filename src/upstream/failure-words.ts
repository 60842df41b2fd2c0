/** What Node's error codes mean, as the end of the sentence "docker.io could not be asked: ...". */
const wordsOfCode = new Map([
  ["ENOTFOUND", "its name does not resolve"],
  ["EAI_AGAIN", "its name does not resolve at the moment"],
  ["ECONNREFUSED", "the connection is refused"],
  ["ECONNRESET", "the connection was broken off"],
  ["EPIPE", "the connection was broken off"],
  ["ETIMEDOUT", "no connection can be made"],
  ["EHOSTUNREACH", "there is no route to it"],
  ["ENETUNREACH", "no network leads to it"],
  ["EADDRNOTAVAIL", "no network leads to it"],
  ["EPROTO", "it does not speak TLS as expected"],
]);

/** Errors that only the operator can fix; retrying does not help. */
const certificateWords = new Map([
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
  ["CERT_REVOKED", "its certificate was revoked"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is self-signed; trust it with `ca`"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its certificate comes from an unknown authority; trust it with `ca`"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate comes from an unknown authority; trust it with `ca`"],
  ["UNABLE_TO_GET_ISSUER_CERT", "its certificate comes from an unknown authority; trust it with `ca`"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "its certificate comes from an unknown authority; trust it with `ca`"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name"],
]);

export interface Failure {
  readonly words: string;
  readonly kind: "unavailable" | "invalid";
  readonly transient: boolean;
}

/** Why an exchange failed, in words for people. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  const certificate = certificateWords.get(code);
  if (certificate) return { words: `${certificate} (${code})`, kind: "unavailable", transient: false };
  if (code.startsWith("HPE_")) return { words: `it does not speak HTTP (${code})`, kind: "invalid", transient: false };
  const words = wordsOfCode.get(code) ?? (error instanceof Error ? error.message : "the request failed");
  return { words: code ? `${words} (${code})` : words, kind: "unavailable", transient: true };
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
