import { X509Certificate } from "node:crypto";
// biome-ignore lint/style/noRestrictedImports: the certificates named by the environment, as for every Go program
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { Environment } from "./egress-proxy.js";

/** Where Go looks in addition to the one file (crypto/x509/root_linux.go). */
const defaultFolders = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
const mostBytes = 16 * 1024 * 1024;
const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The trusted authorities in PEM format, found as Go programs do: `SSL_CERT_FILE` replaces the default file, which here
 * is Node's own list, and `SSL_CERT_DIR` the default folders. `NODE_EXTRA_CA_CERTS` and an upstream's own `ca` are
 * added. Unreadable files are skipped, as in Go.
 * @returns `undefined` if Node's own defaults are the same
 */
export function rootsOf(environment: Environment, ca: string | undefined): readonly string[] | undefined {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders, NODE_EXTRA_CA_CERTS: extra } = environment;
  if (!file && !folders && ca === undefined) return undefined;
  return [
    ...(file ? certificatesIn(file) : rootCertificates),
    ...foldersOf(file, folders).flatMap(certificatesInFolder),
    ...(extra ? certificatesIn(extra) : []),
    ...(ca === undefined ? [] : [ca]),
  ];
}

function foldersOf(file: string | undefined, folders: string | undefined): readonly string[] {
  if (folders) return folders.split(":").filter((folder) => folder !== "");
  return file ? defaultFolders : [];
}

function certificatesInFolder(folder: string): readonly string[] {
  const entries = found(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => !entry.isDirectory() && !(entry.isSymbolicLink() && isAlias(join(folder, entry.name))))
    .flatMap(({ name }) => certificatesIn(join(folder, name)));
}

/** A link to a file in the same folder is a hash name for OpenSSL. */
function isAlias(path: string): boolean {
  const target = found(() => readlinkSync(path));
  return target !== undefined && !target.includes("/");
}

function certificatesIn(path: string): readonly string[] {
  const text = found(() => (isReadable(path) ? readFileSync(path, "latin1") : "")) ?? "";
  return (text.match(certificatePattern) ?? []).filter((pem) => found(() => new X509Certificate(pem)) !== undefined);
}

/** A pipe would block every request until somebody writes into it, and no list of authorities is larger. */
function isReadable(path: string): boolean {
  const stats = statSync(path);
  return stats.isFile() && stats.size <= mostBytes;
}

function found<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
