import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { openServer } from "../../src/serving/open-server.js";
import { type Certificate, CertificateAuthority } from "../support/certificates.js";
import { configWith } from "../support/config.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { askByTls } from "../support/tls-client.js";
import { waitUntil } from "../support/wait-until.js";

const renewed = "the files of server.tls have changed and were read again";
const refused = "the files of server.tls have changed and cannot be used; the previous ones stay in use";

/** A Berth over TLS with files as Kubernetes mounts a secret: links to a folder that is itself behind a link. */
async function start(scope: Scope, pair: Certificate, others: { clientCa?: string } = {}) {
  const folder = await scope.folder("secret");
  let version = 0;
  const mount = async (files: Readonly<Record<string, string>>) => {
    const next = `..version${++version}`;
    await mkdir(join(folder, next));
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, next, name), content);
    await symlink(next, join(folder, "..new"));
    await rename(join(folder, "..new"), join(folder, "..data"));
  };
  const names = ["tls.crt", "tls.key", "ca.crt"];
  await mount({ "tls.crt": pair.cert, "tls.key": pair.key, "ca.crt": others.clientCa ?? "" });
  for (const name of names) await symlink(`..data/${name}`, join(folder, name));
  const [cert = "", key = "", clientCa = ""] = names.map((name) => join(folder, name));
  const tls = { cert, key, ...(others.clientCa !== undefined && { clientCa, clientAuth: "require" }) };
  const config = configWith({ server: { port: 0, tls }, storage: { driver: "memory" } } as Parameters<
    typeof configWith
  >[0]);
  const log = new RecordedLog();
  const { server, close } = await openServer(config, log);
  const { port } = await server.listen();
  scope.defer(close);
  scope.defer(() => server.stop(0));
  return { port, log, mount };
}

function fingerprintOf({ cert }: Certificate): string {
  return new X509Certificate(cert).fingerprint256;
}

test("a certificate that Kubernetes replaces is used for the next connection, and no transfer is cut", async (t) => {
  const scope = new Scope(t);
  const authority = await CertificateAuthority.create(scope);
  const before = await authority.issue("before", ["IP:127.0.0.1"]);
  const after = await authority.issue("after", ["IP:127.0.0.1"]);
  const { port, log, mount } = await start(scope, before);
  const body = Buffer.alloc(8 * 1024 * 1024, "x");
  const agent = new Agent({ keepAlive: true });
  scope.defer(() => agent.destroy());
  const upload = request({
    host: "127.0.0.1",
    port,
    ca: authority.cert,
    method: "POST",
    path: `/v2/app/blobs/uploads/?digest=${digestOf(body)}`,
    headers: { "content-length": body.length },
    agent,
  });
  upload.write(body.subarray(0, body.length / 2));
  await once(upload, "socket");

  await mount({ "tls.crt": after.cert, "tls.key": after.key });
  await waitUntil(renewed, () => log.named(renewed)[0]);
  const next = await askByTls(port, authority.cert, "/v2/");
  assert.deepEqual([next.status, next.serverCertificate], [200, fingerprintOf(after)]);

  upload.end(body.subarray(body.length / 2));
  const [answer]: IncomingMessage[] = await once(upload, "response");
  assert.equal(answer?.statusCode, 201);
});

test("a pair that does not match keeps the old one and is reported, until the other half arrives", async (t) => {
  const scope = new Scope(t);
  const authority = await CertificateAuthority.create(scope);
  const before = await authority.issue("before", ["IP:127.0.0.1"]);
  const after = await authority.issue("after", ["IP:127.0.0.1"]);
  const { port, log, mount } = await start(scope, before);
  for (const broken of [
    { "tls.crt": after.cert, "tls.key": before.key },
    { "tls.crt": "nothing", "tls.key": before.key },
    { "tls.crt": after.cert },
  ]) {
    const told = log.named(refused).length;
    await mount(broken);
    if ("tls.key" in broken) await waitUntil(refused, () => log.named(refused)[told]);
    assert.equal((await askByTls(port, authority.cert, "/v2/")).serverCertificate, fingerprintOf(before));
  }
  assert.match(String(log.named(refused)[0]?.problem), /^server\.tls\.key: .*tls\.key is not the key of/);
  await mount({ "tls.crt": after.cert, "tls.key": after.key });
  await waitUntil(renewed, () => log.named(renewed)[0]);
  assert.equal((await askByTls(port, authority.cert, "/v2/")).serverCertificate, fingerprintOf(after));
});

test("when the authority of client certificates is replaced, connections opened under the old one do no more", async (t) => {
  const scope = new Scope(t);
  const [authority, next] = [await CertificateAuthority.create(scope), await CertificateAuthority.create(scope)];
  const pair = await authority.issue("server", ["IP:127.0.0.1"]);
  const ann = await authority.issue("ann", ["DNS:ann"]);
  const { port, log, mount } = await start(scope, pair, { clientCa: authority.cert });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  scope.defer(() => agent.destroy());
  const ask = () => askByTls(port, authority.cert, "/v2/", { certificate: ann, agent });
  assert.equal((await ask()).status, 200);
  await mount({ "tls.crt": pair.cert, "tls.key": pair.key, "ca.crt": next.cert });
  await waitUntil(renewed, () => log.named(renewed)[0]);
  await assert.rejects(ask(), "the connection that was open is closed");
  const again = await ask();
  assert.equal(again.status, 403);
  assert.match(again.body, /the client certificate is not accepted: /);
});
