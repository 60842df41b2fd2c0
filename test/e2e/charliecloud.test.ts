import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { CertificateAuthority } from "../support/certificates.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

test("ch-image, which needs an absolute Location, pulls, pushes and pulls back with server.locations: absolute", async (t) => {
  const scope = new Scope(t);
  const plain = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const ends = [`oci:${layout.folder}:image`, `docker://${plain.host}/base:v1`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--dest-tls-verify=false", ...ends]);
  // It speaks TLS alone.
  const { host, ca } = await startWithTls(scope, plain.root);
  const env = { ...(await chImageEnvironment(scope)), REQUESTS_CA_BUNDLE: ca };
  const chImage = (...args: string[]) => runCommand("ch-image", ["--no-cache", ...args], { env });

  await chImage("pull", `${host}/base:v1`);
  await chImage("push", `${host}/base:v1`, `${host}/team/pushed:v1`);
  await chImage("delete", `${host}/base:v1`);
  await chImage("pull", `${host}/team/pushed:v1`);

  // It knows only Docker's schema 2, and makes one layer of everything.
  assert.equal((await pullWhole(new RegistryClient(`http://${plain.host}`), "team/pushed", "v1")).length, 3);
});

/** A second Berth on the same data, for the client that needs a certificate. */
async function startWithTls(scope: Scope, root: string): Promise<{ host: string; ca: string }> {
  const authority = await CertificateAuthority.create(scope);
  const { cert, key } = await authority.issue("berth", ["IP:127.0.0.1"]);
  const folder = await scope.folder("certificates");
  const files = { ca: join(folder, "ca.crt"), cert: join(folder, "berth.crt"), key: join(folder, "berth.key") };
  await Promise.all([writeFile(files.ca, authority.cert), writeFile(files.cert, cert), writeFile(files.key, key)]);
  const server = { tls: { cert: files.cert, key: files.key }, locations: "absolute" };
  const { host } = await startBerth(scope, { root, server });
  return { host, ca: files.ca };
}

/** A program for Debian's Python, which another one in PATH must not replace, and which needs its user. */
async function chImageEnvironment(scope: Scope): Promise<Readonly<Record<string, string>>> {
  const storage = join(await scope.folder("ch-image"), "storage");
  return { ...(await clientHome(scope)), PATH: "/usr/bin:/bin", USER: "root", CH_IMAGE_STORAGE: storage };
}
