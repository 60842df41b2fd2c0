import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { CertificateAuthority } from "../support/certificates.js";
import { redirectTo } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");

async function secured(scope: Scope, options: { requestCert?: boolean; names?: string[]; auth?: "bearer" } = {}) {
  const ca = await CertificateAuthority.create(scope);
  const server = await ca.issue("server", options.names ?? ["IP:127.0.0.1", "DNS:localhost"]);
  const { requestCert = false, auth = "none" } = options;
  const tls = { ...server, ca: ca.cert, requestCert, rejectUnauthorized: requestCert };
  const fake = await FakeUpstream.start(scope, { tls, auth });
  fake.store.addImage(name, [], "latest");
  return { ca, fake };
}

test("a certificate of an unknown authority is refused at once, and the error says what to do", async (t) => {
  const scope = new Scope(t);
  const { fake } = await secured(scope);
  const upstream = upstreamAt(scope, fake.url);
  const error = await failureOf(
    upstream.headManifest(name, latest, requestOptions()),
    "unavailable",
    /unknown authority.*`ca`/,
  );
  assert.equal(error.transient, false);
  assert.equal(fake.connections, 1);
});

test("a certificate of the operator's own authority is accepted", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  await upstreamAt(scope, fake.url, { tls: { ca: ca.cert } }).headManifest(name, latest, requestOptions());
});

test("the server's own certificate can be listed instead of its authority", async (t) => {
  const scope = new Scope(t);
  const authority = await CertificateAuthority.create(scope);
  const tls = await authority.issue("server", ["IP:127.0.0.1"]);
  const fake = await FakeUpstream.start(scope, { tls });
  fake.store.addImage(name, [], "latest");
  await upstreamAt(scope, fake.url, { tls: { ca: tls.cert } }).headManifest(name, latest, requestOptions());
  const other = await authority.issue("other", ["IP:127.0.0.1"]);
  const upstream = upstreamAt(scope, fake.url, { tls: { ca: other.cert } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /unknown authority/);
});

/** Writes certificates into a separate file. */
async function fileOf(scope: Scope, ...certificates: string[]): Promise<string> {
  const file = join(await scope.folder(), "roots.pem");
  await writeFile(file, ["not a certificate", ...certificates].join("\n"));
  return file;
}

test("authorities in SSL_CERT_FILE, in SSL_CERT_DIR and in NODE_EXTRA_CA_CERTS are trusted", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  const { ca: other } = await secured(scope);
  const file = await fileOf(scope, ca.cert);
  for (const environment of [
    { SSL_CERT_FILE: file },
    { SSL_CERT_DIR: `/no/such/folder:${dirname(file)}` },
    { SSL_CERT_FILE: "/no/such/file", SSL_CERT_DIR: dirname(file) },
    { SSL_CERT_FILE: await fileOf(scope, other.cert), NODE_EXTRA_CA_CERTS: file },
  ]) {
    await upstreamAt(scope, fake.url, { surroundings: { environment } }).headManifest(name, latest, requestOptions());
  }
});

test("an upstream's own authority is trusted in addition to those of the environment", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  const { fake: second, ca: own } = await secured(scope);
  const file = await fileOf(scope, ca.cert);
  for (const environment of [{ NODE_EXTRA_CA_CERTS: file }, { SSL_CERT_FILE: file }, { SSL_CERT_DIR: dirname(file) }]) {
    for (const { url } of [fake, second]) {
      const upstream = upstreamAt(scope, url, { tls: { ca: own.cert }, surroundings: { environment } });
      await upstream.headManifest(name, latest, requestOptions());
    }
  }
});

test("authorities of other files are not trusted", async (t) => {
  const scope = new Scope(t);
  const { fake } = await secured(scope);
  const { ca: other } = await secured(scope);
  const file = await fileOf(scope, other.cert);
  const upstream = upstreamAt(scope, fake.url, { surroundings: { environment: { SSL_CERT_FILE: file } } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /unknown authority/);
});

test("a certificate for another name is refused", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope, { names: ["DNS:registry.example.com"] });
  const upstream = upstreamAt(scope, fake.url, { tls: { ca: ca.cert } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /for another name/);
});

test("an operator can disable verification", async (t) => {
  const scope = new Scope(t);
  const { fake } = await secured(scope, { names: ["DNS:registry.example.com"] });
  await upstreamAt(scope, fake.url, { tls: { verify: "skip" } }).headManifest(name, latest, requestOptions());
});

test("a registry that demands a client certificate gets it", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope, { requestCert: true });
  const client = await ca.issue("client", ["DNS:client"]);
  await failureOf(
    upstreamAt(scope, fake.url, { tls: { ca: ca.cert } }).headManifest(name, latest, requestOptions()),
    "unavailable",
  );
  await upstreamAt(scope, fake.url, { tls: { ca: ca.cert, ...client } }).headManifest(name, latest, requestOptions());
});

test("a client certificate is not sent to the target of a redirect", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  const client = await ca.issue("client", ["DNS:client"]);
  const server = await ca.issue("elsewhere", ["IP:127.0.0.2"]);
  const shown: unknown[] = [];
  const elsewhere = await FakeUpstream.start(scope, {
    address: "127.0.0.2",
    tls: { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
    onSecureConnection: (socket: TLSSocket) => shown.push(socket.getPeerCertificate().subject?.CN),
  });
  elsewhere.store.addImage(name, [], "latest");
  fake.faults.add({}, redirectTo(`${elsewhere.url}/v2/${name}/manifests/latest`));
  await upstreamAt(scope, fake.url, { tls: { ca: ca.cert, ...client } }).headManifest(name, latest, requestOptions());
  assert.deepEqual(shown, [undefined]);
});

test("a redirect from https to http is refused", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  fake.redirectBlobs();
  const upstream = upstreamAt(scope, fake.url, { tls: { ca: ca.cert } });
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "invalid", /from https to http/);
  assert.equal(fake.ledger.count({ host: "cdn" }), 0);
});

test("a redirect to the same host and port by http is followed by https", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope);
  const location = `${fake.origin.replace("https", "http")}/v2/${name}/manifests/latest?again`;
  fake.faults.add({ kind: "manifest" }, redirectTo(location), { times: 1 });
  await upstreamAt(scope, fake.url, { tls: { ca: ca.cert } }).headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "manifest" }), 2);
});

test("a token realm without https is refused by a registry with it", async (t) => {
  const scope = new Scope(t);
  const ca = await CertificateAuthority.create(scope);
  const tls = await ca.issue("server", ["IP:127.0.0.1"]);
  const fake = await FakeUpstream.start(scope, { tls, auth: "bearer" });
  fake.tokens.realm = fake.tokens.realm.replace("https", "http").replace("127.0.0.1", "127.0.0.2");
  const upstream = upstreamAt(scope, fake.url, { tls: { ca: ca.cert } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /not secured by https/);
});

test("a token realm with http on the host of a registry with https is requested by https", async (t) => {
  const scope = new Scope(t);
  const { fake, ca } = await secured(scope, { auth: "bearer" });
  fake.tokens.realm = fake.tokens.realm.replace("https", "http");
  await upstreamAt(scope, fake.url, { tls: { ca: ca.cert } }).headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

test("plain HTTP in place of TLS is distinguished from an unreachable host", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const upstream = upstreamAt(scope, fake.url.replace("http", "https"));
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /does not speak TLS/);
});
