import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import type { Scope } from "./scope.js";

/** A certificate with its private key: texts in PEM format. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that no one trusts by default; openssl creates its certificates. */
export class CertificateAuthority {
  readonly cert: string;
  readonly #folder: string;

  private constructor(folder: string, cert: string) {
    this.#folder = folder;
    this.cert = cert;
  }

  static async create(scope: Scope): Promise<CertificateAuthority> {
    const folder = await scope.folder("ca");
    await openssl(folder, [
      "req",
      "-x509",
      ...newKey("ca"),
      "-out",
      "ca.crt",
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
    ]);
    return new CertificateAuthority(folder, await readFile(join(folder, "ca.crt"), "utf8"));
  }

  /** @param names such as `DNS:localhost` or `IP:127.0.0.1` */
  async issue(label: string, names: readonly string[]): Promise<Certificate> {
    const folder = this.#folder;
    await writeFile(join(folder, `${label}.ext`), `subjectAltName=${names.join(",")}\n`);
    await openssl(folder, ["req", ...newKey(label), "-out", `${label}.csr`, "-subj", `/CN=${label}`]);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
    const files = ["-in", `${label}.csr`, "-out", `${label}.crt`, "-extfile", `${label}.ext`];
    await openssl(folder, ["x509", "-req", ...signing, ...files]);
    const [cert, key] = await Promise.all([
      readFile(join(folder, `${label}.crt`), "utf8"),
      readFile(join(folder, `${label}.key`), "utf8"),
    ]);
    return { cert, key };
  }
}

function newKey(label: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${label}.key`];
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  await runCommand("openssl", args, { cwd });
}
