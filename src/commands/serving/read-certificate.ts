import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CommandFailure } from "../command-failure.js";

interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The certificate and the key of `server.tls`. @throws CommandFailure with a sentence if no client could connect by them */
export async function readCertificate({ cert, key }: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  const certBytes = await readPem("server.tls.cert", cert);
  const keyBytes = await readPem("server.tls.key", key);
  const certificate = parseCertificate(cert, certBytes);
  if (!certificate.checkPrivateKey(parseKey(key, keyBytes)))
    throw new CommandFailure(
      `server.tls.key: ${key} is not the key of the certificate in ${cert}: name the two that were made together, the server's own certificate first in its file`,
    );
  return { cert: certBytes, key: keyBytes };
}

async function readPem(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new CommandFailure(`${setting}: ${file} ${unreadable[code] ?? `cannot be read: ${String(error)}`}`);
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "is not there: name the file, or mount it into the container",
  ENOTDIR: "is not there: a file stands where its path has a folder",
  EISDIR: "is a folder: name the file in it",
  EACCES: `cannot be read by user ${process.getuid?.() ?? "of this process"}: let the user own it, or be in its group`,
};

function parseCertificate(file: string, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new CommandFailure(`server.tls.cert: ${file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  }
}

function parseKey(file: string, bytes: Buffer): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(bytes.toString("latin1")))
    throw new CommandFailure(
      `server.tls.key: ${file} is encrypted, and nobody is there to be asked for its passphrase: decrypt it by openssl pkey -in ${file} -out FILE, and name FILE`,
    );
  try {
    return createPrivateKey(bytes);
  } catch {
    throw new CommandFailure(`server.tls.key: ${file} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)`);
  }
}
