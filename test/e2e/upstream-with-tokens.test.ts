import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { pullBlob, pullManifest, pullWhole } from "../support/content.js";
import { JwtIssuer } from "../support/jwt-issuer.js";
import { type PeerRegistry, startPeer } from "../support/peer-registry.js";
import { errorCodeOf } from "../support/registry-client.js";
import { pushSample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const login = { username: "berth", password: "correct horse" };
const [sample] = sampleContent();
const names = ["public/image", "team/image"];

test("what a registry 3.1.2 serves anonymously is pulled without a login, and nothing else", async (t) => {
  const { issuer, startCache } = await start(new Scope(t));
  const cache = await startCache({});
  await pullWhole(cache.client, "public/image", "v1");
  const refused = await cache.client.get("/v2/team/image/manifests/v1");
  assert.deepEqual([refused.status, errorCodeOf(refused)], [403, "DENIED"]);
  assert.deepEqual(new Set(issuer.issued.map(({ user }) => user)), new Set([undefined]));
});

test("what a registry 3.1.2 serves to a user is pulled with a login, concurrently with one token per repository", async (t) => {
  const { issuer, startCache } = await start(new Scope(t));
  const cache = await startCache(login);
  await Promise.all(names.flatMap((name) => Array.from({ length: 10 }, () => pullWhole(cache.client, name, "v1"))));
  const scopes = issuer.issued.map(({ user, scope }) => `${user} ${scope}`);
  assert.deepEqual(scopes.sort(), names.map((name) => `berth repository:${name}:pull`).sort());
});

test("a wrong password is reported as such, not as a missing image, and does not keep Berth from stopping", async (t) => {
  const { startCache } = await start(new Scope(t));
  const cache = await startCache({ ...login, password: "wrong" });
  const refused = await cache.client.get("/v2/team/image/manifests/v1");
  assert.deepEqual([refused.status, errorCodeOf(refused)], [403, "DENIED"]);
  assert.deepEqual(await cache.daemon.stop(), { code: 0, signal: undefined });
});

test("a token that expires early, between manifest and layers, is renewed without the client noticing", async (t) => {
  const { issuer, upstream, startCache } = await start(new Scope(t));
  const cache = await startCache(login);
  issuer.lifetimeSeconds = 2;
  const { bytes } = await pullManifest(cache.client, "team/image", "v1");
  const token = issuer.issued[0]?.token;
  await waitUntil("the registry refuses the token", async () => {
    const headers = { authorization: `Bearer ${token}` };
    return (await upstream.client.head("/v2/team/image/manifests/v1", headers)).status === 401 ? true : undefined;
  });
  issuer.lifetimeSeconds = 300;
  const { config, layers } = JSON.parse(bytes.toString());
  await Promise.all([config, ...layers].map(({ digest }) => pullBlob(cache.client, "team/image", digest)));
  assert.equal(issuer.issued.length, 2);
});

interface Setting {
  readonly issuer: JwtIssuer;
  readonly upstream: PeerRegistry;
  readonly startCache: (login: { username?: string; password?: string }) => Promise<BerthProcess>;
}

/** A registry with a token service, and a cache of it that may have a login. */
async function start(scope: Scope): Promise<Setting> {
  const root = await scope.folder("upstream");
  await fill(scope, root);
  const issuer = await JwtIssuer.start(scope);
  issuer.logins.set(login.username, login.password);
  const jwks = join(await scope.folder("keys"), "jwks.json");
  await writeFile(jwks, issuer.keySet);
  const { realm, service } = issuer;
  const token = { realm, service, issuer: issuer.issuer, jwks };
  const upstream = await startPeer(scope, "registry 3.1.2", root, { token });
  const url = `http://${upstream.host}`;
  const startCache = (login: object) =>
    startBerth(scope, { proxy: { upstreams: [{ name: "docker.io", url, ...login }] } });
  return { issuer, upstream, startCache };
}

/** While everyone may push. */
async function fill(scope: Scope, root: string): Promise<void> {
  const { client, daemon } = await startPeer(scope, "registry 3.1.2", root);
  assert.ok(sample);
  for (const name of names) await pushSample(client, { ...sample, name });
  await daemon.stop();
}
