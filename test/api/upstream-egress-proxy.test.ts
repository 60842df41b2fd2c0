import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { CertificateAuthority } from "../support/certificates.js";
import { seededBytes } from "../support/content.js";
import { EgressProxy } from "../support/egress-proxy.js";
import { redirectTo } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { freePort } from "../support/free-port.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const bytes = seededBytes("layer", 1_000_000);

/** Names resolve only at the proxy. */
const resolve = async (host: string) => {
  throw Object.assign(new Error(`no ${host} here`), { code: "ENOTFOUND" });
};

/** A registry that only the proxy can reach, by a name that only the proxy knows. */
async function beyond(scope: Scope) {
  const ca = await CertificateAuthority.create(scope);
  const tls = await ca.issue("server", ["DNS:registry.example.com"]);
  const fake = await FakeUpstream.start(scope, { tls });
  fake.store.addImage(name, [bytes], "latest");
  const url = fake.url.replace("127.0.0.1", "registry.example.com");
  const proxy = await EgressProxy.start(scope);
  return { fake, url, proxy, trust: { ca: ca.cert } };
}

test("an https registry is reached by CONNECT, and its certificate is verified through the tunnel", async (t) => {
  const scope = new Scope(t);
  const { fake, url, proxy, trust } = await beyond(scope);
  const surroundings = { resolve, environment: { HTTPS_PROXY: proxy.url } };
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings });
  const { digest } = fake.store.addBlob(name, bytes);
  assert.deepEqual(await readWhole(await upstream.getBlob(name, digest, {}, requestOptions())), bytes);
  assert.equal(proxy.asked[0], `CONNECT ${new URL(url).host}`);
  const strict = upstreamAt(scope, url, { surroundings });
  await failureOf(strict.headManifest(name, latest, requestOptions()), "unavailable", /unknown authority/);
});

test("a tunnel is reused", async (t) => {
  const scope = new Scope(t);
  const { url, proxy, trust } = await beyond(scope);
  const surroundings = { resolve, environment: { https_proxy: proxy.url } };
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings });
  for (let times = 0; times < 10; times += 1) await upstream.getManifest(name, latest, requestOptions());
  assert.ok(proxy.asked.length < 5);
});

test("an http registry is requested through the proxy by its absolute URL", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const proxy = await EgressProxy.start(scope);
  const url = fake.url.replace("127.0.0.1", "registry.example.com");
  const upstream = upstreamAt(scope, url, { surroundings: { resolve, environment: { HTTP_PROXY: proxy.url } } });
  await upstream.headManifest(name, latest, requestOptions());
  assert.deepEqual(proxy.asked, [`HEAD ${url}/v2/library/alpine/manifests/latest`]);
});

test("the proxy's user and password go only to the proxy", async (t) => {
  const scope = new Scope(t);
  const { fake, url, proxy, trust } = await beyond(scope);
  proxy.login = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
  const environment = { HTTPS_PROXY: proxy.url.replace("//", "//user:p%40ss@") };
  await upstreamAt(scope, url, { tls: trust, surroundings: { resolve, environment } }).headManifest(
    name,
    latest,
    requestOptions(),
  );
  assert.equal(fake.ledger.last().headers["proxy-authorization"], undefined);
});

test("the proxy's own responses are not taken for the registry's", async (t) => {
  const scope = new Scope(t);
  const { fake, url, proxy, trust } = await beyond(scope);
  proxy.login = "another";
  const surroundings = { resolve, environment: { HTTPS_PROXY: proxy.url } };
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /egress proxy answered 407/);
  assert.equal(fake.connections, 0);
});

test("an unreachable proxy is an unreachable upstream", async (t) => {
  const scope = new Scope(t);
  const { url, trust } = await beyond(scope);
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` };
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings: { resolve, environment } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /ECONNREFUSED/);
});

test("a proxy does not open a way to private addresses", async (t) => {
  const scope = new Scope(t);
  const { fake, url, proxy, trust } = await beyond(scope);
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings: { resolve, environment } });
  for (const target of ["https://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/"]) {
    const takeBack = fake.faults.add({}, redirectTo(target));
    await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /(private|link-local) address/);
    takeBack();
  }
  const local = async (host: string) =>
    host === "intranet.example.com" ? [{ address: "10.0.0.1", family: 4 }] : resolve(host);
  const informed = upstreamAt(scope, url, { tls: trust, surroundings: { resolve: local, environment } });
  fake.faults.add({}, redirectTo("https://intranet.example.com/"));
  await failureOf(
    informed.headManifest(name, latest, requestOptions()),
    "invalid",
    /10\.0\.0\.1\) is a private address/,
  );
  assert.ok(proxy.asked.every((line) => line.includes("registry.example.com")));
});

test("a name that takes too long to resolve delays no one, although the proxy resolves it too", async (t) => {
  const scope = new Scope(t);
  const never = () => new Promise<never>(() => {});
  const surroundings = { resolve: never, environment: { HTTPS_PROXY: "http://127.0.0.1:1" } };
  const upstream = upstreamAt(scope, "https://registry.example.com", { connectTimeout: 50, attempts: 1, surroundings });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /no connection within 50 ms/);
});

test("NO_PROXY excludes hosts", async (t) => {
  const scope = new Scope(t);
  const { url, proxy, trust } = await beyond(scope);
  const environment = { HTTPS_PROXY: proxy.url, NO_PROXY: "example.com" };
  const direct = async () => [{ address: "127.0.0.1", family: 4 }];
  const upstream = upstreamAt(scope, url, { tls: trust, surroundings: { resolve: direct, environment } });
  await upstream.headManifest(name, latest, requestOptions());
  assert.deepEqual(proxy.asked, []);
});

test("a proxy of another kind is an error in words", async (t) => {
  const scope = new Scope(t);
  const environment = { HTTPS_PROXY: "socks5://127.0.0.1:1080" };
  const upstream = upstreamAt(scope, "https://registry.example.com", { surroundings: { resolve, environment } });
  const asked = upstream.headManifest(name, latest, requestOptions());
  await failureOf(asked, "unavailable", /HTTPS_PROXY names a SOCKS proxy/);
});
