import { X509Certificate } from "node:crypto";

/** Longer chains only serve to keep the server busy. */
const longestChain = 6;

/** Parses the certificates of a text in PEM format. @throws Error if one is invalid */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** The certificates of an `x5c` header: DER in base64, that of the key first (RFC 7515, section 4.1.6). */
export function certificatesOfHeader(x5c: readonly string[]): readonly X509Certificate[] {
  return x5c.slice(0, longestChain).map((text) => new X509Certificate(Buffer.from(text, "base64")));
}

/** Whether a chain leads from its first certificate to a trusted one, and all are valid now. */
export function isTrusted(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now = new Date(),
): boolean {
  let [current, ...others] = chain;
  for (let length = 0; current !== undefined && length < longestChain; length++) {
    const certificate = current;
    if (!isValidAt(certificate, now)) return false;
    if (roots.some((root) => root.fingerprint256 === certificate.fingerprint256)) return true;
    if (roots.some((root) => isValidAt(root, now) && isIssuedBy(certificate, root))) return true;
    current = others.find((other) => other.ca && isIssuedBy(certificate, other));
    others = others.filter((other) => other !== current);
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return new Date(validFrom) <= now && now <= new Date(validTo);
}
