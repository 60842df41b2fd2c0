import assert from "node:assert/strict";
import test from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

const layer = seededBytes("a layer of a guarded cache", 50_000);
const alpine = parseRepositoryName("library/alpine");
const blob = `/v2/library/alpine/blobs/${digestOf(layer)}`;
const tag = "/v2/library/alpine/manifests/latest";

/** A cache of two upstreams: everyone may pull, and users may download what is not cached yet. */
async function runCache(scope: Scope) {
  const hub = await FakeUpstream.start(scope);
  const ghcr = await FakeUpstream.start(scope);
  hub.store.addImage(alpine, [layer], "latest");
  ghcr.store.addImage(parseRepositoryName("owner/image"), [layer], "latest");
  const upstreams = [
    { name: "docker.io", url: hub.url, tagTtl: "0s" },
    { name: "ghcr.io", url: ghcr.url },
  ];
  const access = {
    anonymousPull: true,
    rules: [
      { allow: "pull, cache", to: "authenticated", in: "docker.io/**" },
      { allow: "pull, cache", to: "bob", in: "ghcr.io/owner/*" },
      { deny: "pull", to: "everyone", in: "docker.io/library/secret" },
    ],
  } as const;
  const berth = await runGuardedBerth(scope, access, { mode: "proxy", proxy: { upstreams } });
  return { ...berth, hub, ghcr };
}

async function statusesOf(client: RegistryClient, paths: readonly string[]): Promise<number[]> {
  const answers = await Promise.all(paths.map((path) => client.get(path)));
  return answers.map(({ status }) => status);
}

test("a client without the right to cache gets stored content, and nothing is requested from the upstream", async (t) => {
  const { client, hub } = await runCache(new Scope(t));
  assert.deepEqual(await statusesOf(client, [tag, blob]), [401, 401]);
  assert.equal(hub.ledger.count({}), 0);
  const ann = client.with(basic("ann"));
  assert.deepEqual(await statusesOf(ann, [tag, blob]), [200, 200]);
  const asked = hub.ledger.count({});
  assert.deepEqual(await statusesOf(client, [tag, blob, "/v2/library/alpine/tags/list"]), [200, 200, 200]);
  const { body } = await client.get(blob);
  assert.equal(digestOf(body), digestOf(layer));
  assert.equal(hub.ledger.count({}), asked);
});

test("lists for who may not make the cache fetch say that they may not be whole, and none is not told as an empty one", async (t) => {
  const { client, hub } = await runCache(new Scope(t));
  assert.deepEqual(await statusesOf(client, ["/v2/library/alpine/tags/list"]), [401]);
  const { headers } = await client.with(basic("ann")).get(tag);
  const asked = hub.ledger.count({});
  const tags = await client.get("/v2/library/alpine/tags/list");
  assert.deepEqual(JSON.parse(tags.body.toString()).tags, ["latest"]);
  const referrers = await client.get(`/v2/library/alpine/referrers/${headers["docker-content-digest"]}`);
  for (const answer of [tags, referrers]) assert.match(answer.headers.warning ?? "", /that are in the cache/);
  assert.equal(hub.ledger.count({}), asked);
});

test("a known client without the right to cache is told so", async (t) => {
  const { client } = await runCache(new Scope(t));
  const refused = await client.get("/v2/ghcr.io/owner/image/manifests/latest", basic("ann"));
  assert.deepEqual([refused.status, errorCodeOf(refused)], [403, "DENIED"]);
  assert.match(refused.body.toString(), /ann may not download uncached content of ghcr\.io\/owner\/image/);
  assert.equal((await client.get("/v2/ghcr.io/owner/image/manifests/latest", basic("bob"))).status, 200);
});

test("a rule applies whichever name a client uses for the repository", async (t) => {
  const { client } = await runCache(new Scope(t));
  for (const path of [
    "/v2/library/secret/manifests/latest",
    "/v2/secret/manifests/latest",
    "/v2/docker.io/secret/manifests/latest",
    "/v2/docker.io/library/secret/manifests/latest",
    "/v2/library/secret/manifests/latest?ns=docker.io",
    "/v2/index.docker.io/library/secret/manifests/latest",
    "//v2/library/secret/manifests/latest",
    "/v2//library//secret/manifests/latest",
    "/v2/library%2fsecret/manifests/latest",
    "/v2/library/%73ecret/manifests/latest",
  ]) {
    const { status } = await client.get(path, basic("ann"));
    assert.ok(status === 403 || status === 400 || status === 404, `${path}: ${status}`);
    if (status === 404) assert.doesNotMatch(path, /^\/v2\/(docker\.io|library)\/secret/);
  }
  assert.equal((await client.get("/v2/owner/image/manifests/latest?ns=ghcr.io", basic("ann"))).status, 403);
});

test("a token is valid for the registry that a client names in ?ns=", async (t) => {
  const { client } = await runCache(new Scope(t));
  const answer = await client.get("/v2/_berth/token?scope=repository:owner/image:pull", basic("bob"));
  const { token } = JSON.parse(answer.body.toString());
  assert.equal((await client.get("/v2/owner/image/manifests/latest?ns=ghcr.io", bearer(token))).status, 200);
});

/** The login for Docker Hub that dockerd also sends to a mirror of it. */
const hubLogin = basic("hub-user", "hub-password");

test("a login for another registry does not prevent a token for content that everyone may pull from the cache", async (t) => {
  const hub = await FakeUpstream.start(new Scope(t));
  hub.store.addImage(alpine, [layer], "latest");
  const upstreams = [
    { name: "docker.io", url: hub.url },
    { name: "ghcr.io", url: hub.url },
  ];
  const rules = [
    { allow: "pull, cache", to: "everyone", in: "docker.io/**" },
    { deny: "pull", to: "anonymous", in: "docker.io/library/secret" },
    { allow: "push", to: "ann", in: "team/**" },
  ] as const;
  const settings = { mode: "hybrid", proxy: { upstreams }, private: { repositories: ["team/**"] } } as const;
  const { client, log } = await runGuardedBerth(new Scope(t), { rules, anonymousPull: true }, settings);
  const tokenPath = "/v2/_berth/token?account=hub-user&service=berth";
  const answer = await client.get(`${tokenPath}&scope=repository:library/alpine:pull`, hubLogin);
  assert.equal(answer.status, 200);
  const { token } = JSON.parse(answer.body.toString());
  assert.equal((await client.get(tag, bearer(token))).status, 200);
  const form = "grant_type=refresh_token&refresh_token=x&scope=repository:library/alpine:pull";
  assert.equal((await client.request("POST", "/v2/_berth/token", { body: form })).status, 200);
  // Containerd names no account, and any upstream may be meant by this name: it sends only a login for this registry.
  assert.equal((await client.get("/v2/_berth/token?scope=repository:library/alpine:pull", hubLogin)).status, 401);
  // A login is refused for everything that is not open to everyone: pushes, private repositories, what a rule denies.
  for (const scope of [
    "",
    "&scope=repository:library/alpine:pull,push",
    "&scope=repository:library/alpine:pull&scope=repository:team/app:pull",
    "&scope=repository:team/app:pull",
    "&scope=repository:library/secret:pull",
    "&scope=registry:catalog:*",
  ]) {
    assert.equal((await client.get(`${tokenPath}${scope}`, hubLogin)).status, 401, scope);
  }
  assert.deepEqual(log.named("request failed"), []);
});

test("if everyone may pull and users fill the cache, a login for another registry gets cached content", async (t) => {
  const { client } = await runCache(new Scope(t));
  const asked = "/v2/_berth/token?account=hub-user&scope=repository:library/alpine:pull";
  const answer = await client.get(asked, hubLogin);
  const { token } = JSON.parse(answer.body.toString());
  assert.equal((await client.get(tag, bearer(token))).status, 401);
  const ann = await client.get("/v2/_berth/token?scope=repository:library/alpine:pull", basic("ann"));
  assert.equal((await client.get(tag, bearer(JSON.parse(ann.body.toString()).token))).status, 200);
  assert.equal((await client.get(tag, bearer(token))).status, 200);
});
