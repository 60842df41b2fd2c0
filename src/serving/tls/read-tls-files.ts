import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Config } from "../../config/schema.js";
import { clientAuthOf } from "../../config/tls-rules.js";
import { readSmallFile } from "../../foundation/small-file.js";
import { type TlsSettings, tlsOptionsOf } from "../../http/tls/tls-settings.js";
import { ExplainedError } from "../explained-error.js";

/** The section `server.tls`. */
export type TlsConfig = NonNullable<Config["server"]["tls"]>;

/** Reads the files of `server.tls`. @throws ExplainedError if no client could connect with them */
export async function readTlsFiles(config: TlsConfig): Promise<TlsSettings> {
  const { cert, key } = await readPair(config);
  const settings = {
    cert,
    key,
    minVersion: `TLSv${config.minVersion}`,
    clientCa: await Promise.all(config.clientCa.map(readAuthorities)),
    clientAuth: clientAuthOf(config),
  } as const;
  checkAccepted(settings, config);
  return settings;
}

async function readPair({ cert, key }: TlsConfig): Promise<{ cert: Buffer; key: Buffer }> {
  const certBytes = await readPem("server.tls.cert", cert);
  const keyBytes = await readPem("server.tls.key", key);
  const certificate = parseCertificate("server.tls.cert", cert, certBytes);
  if (!certificate.checkPrivateKey(parseKey(key, keyBytes)))
    throw new ExplainedError(
      `server.tls.key: ${key} is not the key of the certificate in ${cert}: use a matching pair, with the server's own certificate first in its file`,
    );
  return { cert: certBytes, key: keyBytes };
}

async function readAuthorities(file: string): Promise<Buffer> {
  const bytes = await readPem("server.tls.clientCa", file);
  parseCertificate("server.tls.clientCa", file, bytes);
  return bytes;
}

/** OpenSSL also refuses valid certificates, such as those with short keys. */
function checkAccepted(settings: TlsSettings, { cert }: TlsConfig): void {
  try {
    createSecureContext(tlsOptionsOf(settings));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExplainedError(`server.tls: ${cert} and its files cannot be used: ${reason}`);
  }
}

async function readPem(setting: string, file: string): Promise<Buffer> {
  try {
    return await readSmallFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new ExplainedError(`${setting}: ${file} ${unreadable[code] ?? `cannot be read: ${String(error)}`}`);
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "is not there: correct the path, or mount the file into the container",
  ENOTDIR: "is not there: part of its path is a file, not a folder",
  EISDIR: "is a folder: name the file in it",
  EACCES: `cannot be read by user ${process.getuid?.() ?? "of this process"}: make that user its owner, or add the user to its group`,
};

function parseCertificate(setting: string, file: string, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new ExplainedError(`${setting}: ${file} contains no certificate in PEM format (-----BEGIN CERTIFICATE-----)`);
  }
}

function parseKey(file: string, bytes: Buffer): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(bytes.toString("latin1")))
    throw new ExplainedError(
      `server.tls.key: ${file} is encrypted, and Berth cannot ask for the passphrase: decrypt it with openssl pkey -in ${file} -out FILE, and use FILE`,
    );
  try {
    return createPrivateKey(bytes);
  } catch {
    throw new ExplainedError(
      `server.tls.key: ${file} contains no private key in PEM format (-----BEGIN PRIVATE KEY-----)`,
    );
  }
}
