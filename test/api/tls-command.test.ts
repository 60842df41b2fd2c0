import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openServer } from "../../src/serving/open-server.js";
import type { Certificate } from "../support/certificates.js";
import { runCommand, tryCommand } from "../support/command.js";
import { configWith } from "../support/config.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { askByTls } from "../support/tls-client.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

function berthTls(...args: string[]) {
  return tryCommand(process.execPath, [main, "tls", ...args]);
}

async function selfSigned(folder: string, ...hosts: string[]): Promise<string> {
  const { code, stdout, stderr } = await berthTls("self-signed", "--out", folder, "--host", ...hosts);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

async function pairOf(folder: string, name: string): Promise<Certificate> {
  const read = (file: string) => readFile(join(folder, file), "utf8");
  return { cert: await read(`${name}.crt`), key: await read(`${name}.key`) };
}

test("a self-signed certificate serves all its hosts, to clients that trust its authority", async (t) => {
  const scope = new Scope(t);
  const folder = join(await scope.folder("made"), "tls");
  const printed = await selfSigned(folder, "registry.example.com", "*.example.org", "127.0.0.1", "fd00::12:1");
  for (const client of ["/etc/docker/certs.d/registry.example.com:5000/ca.crt", "hosts.toml", "buildkitd.toml", "curl"])
    assert.ok(printed.includes(client), client);
  const certificate = new X509Certificate((await pairOf(folder, "tls")).cert);
  for (const host of ["registry.example.com", "any.example.org"]) assert.ok(certificate.checkHost(host), host);
  for (const address of ["127.0.0.1", "fd00::12:1"]) assert.ok(certificate.checkIP(address), address);
  assert.equal(certificate.checkHost("example.net"), undefined);
  // As strict as the RFC, which some clients are.
  const verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", join(folder, "ca.crt")];
  await runCommand("openssl", [...verify, join(folder, "tls.crt")]);
  for (const key of ["ca.key", "tls.key"]) assert.equal((await stat(join(folder, key))).mode & 0o777, 0o600);
});

test("Berth serves with it, and a client certificate of the same authority identifies the client", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("tls");
  await selfSigned(folder, "127.0.0.1");
  assert.equal((await berthTls("client", "ann", "--out", folder)).code, 0);
  const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((file) => join(folder, file));
  const config = configWith({
    server: { port: 0, tls: { cert, key, clientCa: ca, clientAuth: "request" } },
    access: { rules: [{ allow: "push", to: "ann", in: "team/**" }] },
    storage: { driver: "memory" },
  } as Parameters<typeof configWith>[0]);
  const { server, close } = await openServer(config, new RecordedLog());
  const { port } = await server.listen();
  scope.defer(close);
  scope.defer(() => server.stop(0));
  const { cert: authority } = await pairOf(folder, "ca");
  const start = (name: string, certificate?: Certificate) =>
    askByTls(port, authority, `/v2/${name}/blobs/uploads/`, { method: "POST", certificate });
  const ann = await pairOf(folder, "ann");
  assert.equal((await start("team/app", ann)).status, 202);
  assert.equal((await start("other", ann)).status, 403);
  assert.equal((await start("team/app")).status, 401);
});

test("a second run keeps the authority, so that clients need no change", async (t) => {
  const folder = await new Scope(t).folder("tls");
  await selfSigned(folder, "localhost");
  const [authority, before] = [await pairOf(folder, "ca"), await pairOf(folder, "tls")];
  await selfSigned(folder, "localhost", "registry.example.com");
  assert.deepEqual(await pairOf(folder, "ca"), authority);
  const after = new X509Certificate((await pairOf(folder, "tls")).cert);
  assert.notEqual(after.toString(), before.cert);
  assert.ok(after.verify(new X509Certificate(authority.cert).publicKey));
});

test("errors are reported in a sentence", async (t) => {
  const folder = await new Scope(t).folder("tls");
  for (const host of ["https://registry", "registry:5000", "a b", "-x.example", `${"a".repeat(64)}.com`]) {
    const { code, stderr } = await berthTls("self-signed", "--out", folder, `--host=${host}`);
    assert.equal(code, 1, host);
    assert.match(stderr, /--host must be a name such as/);
  }
  assert.match((await berthTls("client", "a/b", "--out", folder)).stderr, /letters, digits/);
  assert.match((await berthTls("client", "tls", "--out", folder)).stderr, /name of another file/);
  await selfSigned(folder, "localhost");
  await writeFile(join(folder, "ca.key"), "nothing");
  assert.match((await berthTls("client", "ann", "--out", folder)).stderr, /are not an authority made by Berth/);
  await rm(join(folder, "ca.key"));
  assert.match(
    (await berthTls("client", "ann", "--out", folder)).stderr,
    /ca\.key is missing, but its other half exists/,
  );
});
