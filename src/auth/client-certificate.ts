/** A client certificate that an authority of `server.tls.clientCa` has signed. */
export interface ClientCertificate {
  /** Whom it is for; `undefined` if it names nobody who could be a user. */
  readonly user: string | undefined;
  /** SHA-256 of the certificate, which tells it from others. */
  readonly fingerprint: string;
}

/** What node reads of a certificate. */
interface CertificateNames {
  /** A list where the certificate has several, whatever node's types say. */
  readonly subject: { readonly CN?: string | readonly string[] };
  /** `DNS:ci.example.com, URI:spiffe://example.com/ci` */
  readonly subjectaltname?: string | undefined;
  readonly fingerprint256: string;
}

/** The user is the common name, or without one the first alternative name. */
export function readClientCertificate(certificate: CertificateNames): ClientCertificate {
  const { subject, subjectaltname, fingerprint256 } = certificate;
  const name = subject?.CN ?? firstAlternativeName(subjectaltname ?? "");
  return { user: typeof name === "string" && canBeUser(name) ? name : undefined, fingerprint: fingerprint256 };
}

/** Node puts a name in quotes that has a comma or the like in it: such a list is not taken apart. */
function firstAlternativeName(names: string): string | undefined {
  if (names.includes('"')) return undefined;
  const known = names.split(", ").map((name) => /^(?:DNS|URI|email|IP Address):(.+)$/.exec(name)?.[1]);
  return known.find((name) => name !== undefined);
}

/**
 * A control character would forge lines of a log, and a colon the users of an issuer, who are called `github:name`; it
 * is taken in an address such as `spiffe://example.com/ci`.
 */
function canBeUser(name: string): boolean {
  return name !== "" && !/\p{Cc}/u.test(name) && !/:(?!\/\/)/.test(name);
}
