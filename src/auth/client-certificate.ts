/** A client certificate signed by an authority of `server.tls.clientCa`. */
export interface ClientCertificate {
  /** The user that it identifies; `undefined` if its name cannot be a user. */
  readonly user: string | undefined;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
}

/** What Node reads from a certificate. */
interface CertificateNames {
  /** An array if the certificate has several, although Node's types do not say so. */
  readonly subject: { readonly CN?: string | readonly string[] };
  /** `DNS:ci.example.com, URI:spiffe://example.com/ci` */
  readonly subjectaltname?: string | undefined;
  readonly fingerprint256: string;
}

/** The user is the common name, or else the first alternative name. */
export function readClientCertificate(certificate: CertificateNames): ClientCertificate {
  const { subject, subjectaltname, fingerprint256 } = certificate;
  const name = subject?.CN ?? firstAlternativeName(subjectaltname ?? "");
  return { user: typeof name === "string" && canBeUser(name) ? name : undefined, fingerprint: fingerprint256 };
}

/** Node quotes a name that contains a comma or similar characters; such a list is not split. */
function firstAlternativeName(names: string): string | undefined {
  if (names.includes('"')) return undefined;
  const known = names.split(", ").map((name) => /^(?:DNS|URI|email|IP Address):(.+)$/.exec(name)?.[1]);
  return known.find((name) => name !== undefined);
}

/**
 * A control character could forge log lines, and a colon a user of an issuer, such as `github:name`; it is accepted in
 * a URI such as `spiffe://example.com/ci`.
 */
function canBeUser(name: string): boolean {
  return name !== "" && !/\p{Cc}/u.test(name) && !/:(?!\/\/)/.test(name);
}
