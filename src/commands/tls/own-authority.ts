import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readSmallText } from "../../foundation/small-file.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { replaceFile } from "../access/replace-file.js";
import { type CertificateRequest, type IssuedCertificate, type Issuer, issueCertificate } from "./certificate.js";

/** Ten years, because a new authority must be installed on every client. */
const lifetimeMs = 3650 * 86_400_000;

/** Everyone may read a certificate, and only the owner a key. */
const [publicMode, secretMode] = [0o644, 0o600];

/** The longest common name (RFC 5280, appendix A.1, `ub-common-name`). */
export const longestName = 64;

/** A private authority: `ca.crt` and `ca.key` of a folder. */
export interface OwnAuthority {
  readonly issuer: Issuer;
  readonly isNew: boolean;
  readonly notAfter: Date;
}

/**
 * Opens the authority of a folder, so that clients that trust it need no change, or creates one.
 * @throws ExplainedError if only one of its files exists, or it cannot sign
 */
export async function openAuthority(folder: string, host: string): Promise<OwnAuthority> {
  const [cert, key] = await Promise.all([readIfThere(join(folder, "ca.crt")), readIfThere(join(folder, "ca.key"))]);
  if (cert === undefined && key === undefined) return createAuthority(folder, host);
  if (cert === undefined || key === undefined) {
    const missing = join(folder, cert === undefined ? "ca.crt" : "ca.key");
    throw new ExplainedError(`${missing} is missing, but its other half exists: restore it, or choose another folder`);
  }
  return { ...parseAuthority(folder, cert, key), isNew: false };
}

/** Writes `NAME.crt` and `NAME.key`, each atomically. */
export async function writePair(folder: string, name: string, { cert, key }: IssuedCertificate): Promise<void> {
  await replaceFile(join(folder, `${name}.key`), linesOf(key), secretMode);
  await replaceFile(join(folder, `${name}.crt`), linesOf(cert), publicMode);
}

/** The certificate expires no later than its authority, without which it is worthless. */
export function issueUnder(authority: OwnAuthority, request: CertificateRequest): IssuedCertificate {
  const notAfter = request.notAfter < authority.notAfter ? request.notAfter : authority.notAfter;
  return issueCertificate({ ...request, notAfter }, authority.issuer);
}

async function createAuthority(folder: string, host: string): Promise<OwnAuthority> {
  await mkdir(folder, { recursive: true });
  const name = `Berth authority for ${host}`.slice(0, longestName);
  const notAfter = new Date(Date.now() + lifetimeMs);
  const made = issueCertificate({ name, use: "authority", hosts: [], notAfter });
  await writePair(folder, "ca", made);
  return { issuer: { name, key: createPrivateKey(made.key) }, isNew: true, notAfter };
}

function parseAuthority(folder: string, cert: string, key: string): Omit<OwnAuthority, "isNew"> {
  try {
    const certificate = new X509Certificate(cert);
    const privateKey = createPrivateKey(key);
    const name = /^CN=(.+)$/.exec(certificate.subject)?.[1];
    const notAfter = new Date(certificate.validTo);
    const isOurs = name !== undefined && certificate.ca && privateKey.asymmetricKeyType === "ec";
    if (isOurs && certificate.checkPrivateKey(privateKey) && notAfter > new Date())
      return { issuer: { name, key: privateKey }, notAfter };
  } catch {
    // The error below covers every reason.
  }
  throw new ExplainedError(
    `${join(folder, "ca.crt")} and ca.key are not an authority made by Berth, or it has expired: choose another folder`,
  );
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readSmallText(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
