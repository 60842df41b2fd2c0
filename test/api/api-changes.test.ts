import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ApiClient } from "../support/api-client.js";
import { pushImage } from "../support/api-image.js";
import { listTags, manifestOf, pushManifest, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const everything = [{ allow: ["push", "delete", "cache", "admin"], to: ["ann"], in: ["**"] }] as const;

async function guarded(scope: Scope, options: object = {}) {
  const rules = [...everything, { allow: ["pull"], to: ["bob"], in: ["team/*"] }];
  const berth = await runGuardedBerth(scope, { rules } as never, options as never);
  const client = berth.client.with(basic("ann"));
  return { ...berth, client, api: new ApiClient(client), bob: new ApiClient(berth.client, basic("bob")) };
}

test("a plan says what a deletion takes and what stays, and changes nothing; the deletion then does that", async (t) => {
  const { api, client } = await guarded(new Scope(t));
  const image = await pushImage(client, "team/app", { tag: "1", layers: ["only here"] });
  await pushManifest(client, "team/app", image, "latest");
  const { digest } = image.descriptor;
  const body = { repository: "team/app", tags: ["1"] };
  const plan = await api.post("deletions", { ...body, dryRun: true });
  assert.deepEqual([plan.tags, plan.manifests, plan.dryRun], [["1"], [], true]);
  assert.deepEqual(plan.kept, [{ digest, tags: ["latest"], because: "other tags point to it" }]);
  assert.deepEqual(await listTags(client, "team/app"), ["1", "latest"]);
  const done = await api.post("deletions", body);
  assert.deepEqual(done.tags, ["1"]);
  assert.deepEqual(await listTags(client, "team/app"), ["latest"]);
  const whole = await api.post("deletions", { repository: "team/app", digests: [digest] });
  assert.deepEqual([whole.tags, whole.manifests], [["latest"], [digest]]);
  assert.equal((await client.get(`/v2/team/app/manifests/${digest}`)).status, 404);
});

test("deleting a platform says which index loses it, and deleting an index keeps its platforms", async (t) => {
  const { api, client } = await guarded(new Scope(t));
  const children = [
    await pushImage(client, "team/app", { layers: ["a"] }),
    await pushImage(client, "team/app", { layers: ["b"] }),
  ];
  const [first] = children.map(({ descriptor }) => descriptor.digest);
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: children.map(({ descriptor }) => descriptor) });
  await pushManifest(client, "team/app", index, "multi");
  const signature = await pushImage(client, "team/app", {
    layers: ["signature"],
    fields: { subject: index.descriptor },
  });
  const one = await api.post("deletions", { repository: "team/app", digests: [first], dryRun: true });
  assert.match(one.notes[0], /multi.* lists 1 of them/);
  const all = await api.post("deletions", { repository: "team/app", digests: [index.descriptor.digest], dryRun: true });
  const kept = all.kept.map((each: { digest: string }) => each.digest);
  assert.deepEqual(kept.sort(), [...children, signature].map(({ descriptor }) => descriptor.digest).sort());
});

test("two people deleting the same thing: the second one learns that it is gone", async (t) => {
  const { api, client } = await guarded(new Scope(t));
  await pushImage(client, "team/app", { tag: "1" });
  const body = { repository: "team/app", tags: ["1"] };
  const both = await Promise.all([api.post("deletions", body), api.post("deletions", body)]);
  const tags = both.flatMap((each) => each.tags);
  const gone = both.flatMap((each) => each.alreadyGone);
  assert.deepEqual([tags, gone], [["1"], ["1"]]);
});

test("a whole repository is deleted, and is in no list any more", async (t) => {
  const { api, client } = await guarded(new Scope(t), { root: await new Scope(t).folder("data") });
  // On a busy machine, a list that took long to read is read again behind the answer.
  const listOf = (count: number) =>
    waitUntil(`${count} repositories are listed`, async () => {
      const { items } = await api.get("repositories", { search: "team" });
      return items.length === count ? items : undefined;
    });
  for (const tag of ["1", "2"]) await pushImage(client, "team/app", { tag, layers: [tag] });
  await pushImage(client, "team/app/debug", { tag: "1" });
  await listOf(2);
  const done = await api.post("deletions", { repository: "team/app", everything: true });
  assert.deepEqual([done.tags.sort(), done.manifests.length, done.failed], [["1", "2"], 2, []]);
  assert.deepEqual((await api.get("repositories", { search: "team" })).items, [{ name: "team/app/debug" }]);
  assert.equal((await api.answer("GET", "repository", { query: { repository: "team/app" } })).status, 404);
  assert.deepEqual(await listTags(client, "team/app"), []);
  assert.equal((await client.get("/v2/team/app/debug/manifests/1")).status, 200);
  await pushImage(client, "team/app", { tag: "3" });
  await listOf(2);
});

test("who may not delete sees no plan, and a cached repository is not deleted", async (t) => {
  const { api, bob, client } = await guarded(new Scope(t));
  await pushImage(client, "team/app", { tag: "1" });
  const body = { repository: "team/app", tags: ["1"], dryRun: true };
  assert.equal((await bob.answer("POST", "deletions", { body })).status, 403);
  assert.equal((await api.answer("POST", "deletions", { body: { repository: "team/app" } })).status, 400);
  for (const wrong of [{ ...body, tags: "1" }, { ...body, tags: ["-"] }, { ...body, more: 1 }, [], "text", null])
    assert.equal((await api.answer("POST", "deletions", { body: wrong })).status, 400, JSON.stringify(wrong));
});

test("a change is refused if a browser sends it for a page of another site, with or without a login", async (t) => {
  const scope = new Scope(t);
  const { api, client, port } = await guarded(scope);
  await pushImage(client, "team/app", { tag: "1" });
  const body = { repository: "team/app", tags: ["1"], dryRun: true };
  const foreign = [
    { origin: "https://elsewhere.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: `https://127.0.0.1:${port}` },
  ];
  for (const headers of foreign)
    assert.equal((await api.with(headers).answer("POST", "deletions", { body })).status, 403, JSON.stringify(headers));
  const own = { origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" };
  assert.equal((await api.with(own).answer("POST", "deletions", { body })).status, 200);
  const form = await client.request("POST", "/v2/_berth/deletions", {
    body: JSON.stringify(body),
    headers: { "content-type": "text/plain" },
  });
  assert.equal(form.status, 415);
});

test("without access control, a browser changes nothing, and nothing can be administered", async (t) => {
  const { client, port } = await runBerth(new Scope(t));
  await pushImage(client, "team/app", { tag: "1" });
  const api = new ApiClient(client);
  const body = { repository: "team/app", tags: ["1"] };
  const page = api.with({ origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" });
  assert.equal((await page.answer("POST", "deletions", { body })).status, 403);
  assert.equal((await page.get("me")).mayChange, false);
  assert.equal((await api.get("me")).mayChange, true);
  assert.equal((await api.answer("POST", "evictions", { body: { repository: "team/app" } })).status, 403);
  assert.equal((await api.answer("POST", "tokens", { body: {} })).status, 403);
  assert.deepEqual((await api.post("deletions", body)).tags, ["1"]);
});

test("own tokens are made, used, listed and revoked, and a token makes no others", async (t) => {
  const { api, bob, client, storage } = await guarded(new Scope(t));
  await pushImage(client, "team/app", { tag: "1" });
  const made = await bob.post("tokens", { description: "ci", scopes: ["pull:team/*"], expiresInDays: 30 }, 201);
  assert.match(made.token, /^berth_/);
  const using = client.with(basic("bob", made.token));
  assert.equal((await using.get("/v2/team/app/manifests/1")).status, 200);
  const { items } = await bob.get("tokens");
  assert.deepEqual(
    [items.length, items[0].id, items[0].scopes, "token" in items[0]],
    [1, made.id, ["pull:team/*"], false],
  );
  assert.deepEqual((await api.get("tokens")).items, []);
  const byToken = new ApiClient(using);
  assert.equal((await byToken.get("me")).mayCreateTokens, false);
  assert.equal((await byToken.answer("POST", "tokens", { body: {} })).status, 403);
  const second = await bob.post("tokens", {}, 201);
  assert.equal((await byToken.answer("GET", "tokens")).status, 403);
  assert.equal((await byToken.answer("DELETE", `tokens/${second.id}`)).status, 403, "it cannot revoke another");
  assert.equal((await bob.answer("DELETE", `tokens/${second.id}`)).status, 204);
  assert.equal((await bob.answer("POST", "tokens", { body: { scopes: ["rubbish"] } })).status, 400);
  const other = await api.post("tokens", {}, 201);
  assert.equal((await bob.answer("DELETE", `tokens/${other.id}`)).status, 404);
  assert.equal((await bob.answer("DELETE", "tokens/..%2f..")).status, 404);
  assert.equal((await bob.answer("DELETE", `tokens/${made.id}`)).status, 204);
  assert.equal(await storage.accessTokens.read(made.id), undefined);
});

test("me tells who is signed in and what they may do", async (t) => {
  const { api, bob } = await guarded(new Scope(t));
  const ann = await api.get("me");
  assert.deepEqual([ann.user, ann.groups, ann.credential, ann.mayAdminister], ["ann", ["platform"], "password", true]);
  assert.deepEqual([ann.registry.mode, ann.accessControl], ["private", true]);
  assert.equal((await bob.get("me")).mayAdminister, false);
});

async function hybrid(scope: Scope) {
  const hub = await FakeUpstream.start(scope);
  const name = parseRepositoryName("library/alpine");
  const image = hub.store.addImage(name, [seededBytes("layer", 10_000)], "3");
  const upstream = { name: "docker.io", url: hub.url };
  const options = {
    mode: "hybrid",
    private: { repositories: ["team/*"] },
    proxy: { upstreams: [upstream] },
    root: await scope.folder("data"),
  };
  const berth = await guarded(scope, options);
  const pull = async () => {
    assert.equal((await berth.client.get("/v2/docker.io/library/alpine/manifests/3")).status, 200);
    assert.equal((await berth.client.get(`/v2/docker.io/library/alpine/blobs/${image.layers[0]?.digest}`)).status, 200);
  };
  return { ...berth, hub, name, image, pull };
}

test("an administrator evicts a cached image, and sees before what goes", async (t) => {
  const { api, bob, pull, client, image } = await hybrid(new Scope(t));
  await pull();
  const body = { repository: "docker.io/library/alpine", reference: "3" };
  assert.equal((await bob.answer("POST", "evictions", { body })).status, 403);
  const plan = await api.post("evictions", { ...body, dryRun: true });
  assert.deepEqual([plan.tags, plan.manifests.length], [["3"], 1]);
  assert.equal((await api.get("image", body)).stored > 10_000, true);
  const done = await api.post("evictions", body);
  assert.ok(done.size >= image.bytes.length + 10_000);
  assert.equal((await api.answer("GET", "image", { query: body })).status, 404);
  assert.equal((await api.answer("POST", "evictions", { body })).status, 404);
  await pushImage(client, "team/app", { tag: "1" });
  const own = await api.answer("POST", "evictions", { body: { repository: "team/app", reference: "1" } });
  assert.equal(own.status, 404);
  assert.equal((await client.get("/v2/team/app/manifests/1")).status, 200);
  const refused = await api.answer("POST", "deletions", { body: { repository: body.repository, tags: ["3"] } });
  assert.equal(refused.status, 405);
});

test("asking the upstream now tells where a tag points, and from where it has moved", async (t) => {
  const { api, bob, hub, name, pull } = await hybrid(new Scope(t));
  await pull();
  const body = { repository: "docker.io/library/alpine", tag: "3" };
  const same = await api.post("freshness", body);
  assert.equal(same.before, undefined);
  const moved = hub.store.addImage(name, [seededBytes("new layer", 10_000)], "3");
  const told = await api.post("freshness", body);
  assert.equal(told.before, same.digest);
  assert.notEqual(told.digest, same.digest);
  assert.ok(moved.bytes.length > 0);
  assert.equal((await bob.answer("POST", "freshness", { body })).status, 403);
  assert.equal((await api.answer("POST", "freshness", { body: { ...body, repository: "team/app" } })).status, 404);
});

test("an administrator warms images and purges uploads, and everyone who may see it learns how it went", async (t) => {
  const { api, bob, client, hub } = await hybrid(new Scope(t));
  const body = { task: "warm", images: ["docker.io/library/alpine:3"] };
  assert.equal((await bob.answer("POST", "jobs", { body })).status, 403);
  const started = await api.post("jobs", body, 202);
  assert.deepEqual([started.state, started.user], ["running", "ann"]);
  const ended = await waitUntil("the job has ended", async () => {
    const job = (await api.get("jobs")).items[0];
    return job.state === "running" ? undefined : job;
  });
  assert.deepEqual([ended.id, ended.state, ended.images[0].state], [started.id, "done", "done"]);
  const asked = hub.ledger.count({ kind: "blob" });
  assert.equal((await client.get("/v2/docker.io/library/alpine/manifests/3")).status, 200);
  assert.equal(
    (await api.get("image", { repository: "docker.io/library/alpine", reference: "3" })).layers[0].stored,
    true,
  );
  assert.equal(hub.ledger.count({ kind: "blob" }), asked);
  assert.equal((await api.post("jobs", { task: "purge-uploads" }, 202)).task, "purge-uploads");
  for (const wrong of [
    { task: "rubbish" },
    { task: "warm" },
    { ...body, images: ["UPPER/name"] },
    { ...body, platforms: ["x"] },
  ])
    assert.equal((await api.answer("POST", "jobs", { body: wrong })).status, 400, JSON.stringify(wrong));
  assert.equal((await bob.answer("GET", "jobs")).status, 403);
});

test("a job whose image cannot be downloaded has failed, and says why", async (t) => {
  const { api } = await hybrid(new Scope(t));
  await api.post("jobs", { task: "warm", images: ["docker.io/library/missing:1"] }, 202);
  const ended = await waitUntil("the job has ended", async () => {
    const job = (await api.get("jobs")).items[0];
    return job.state === "running" ? undefined : job;
  });
  assert.equal(ended.state, "failed");
  assert.ok(ended.images[0].problem.length > 0);
});

test("an administrator collects garbage beside clients, and may see before what that frees", async (t) => {
  const { api, client } = await guarded(new Scope(t), { root: await new Scope(t).folder("data") });
  const image = await pushImage(client, "team/app", { tag: "1" });
  for (const task of ["plan-collection", "collect"]) {
    const { id } = await api.post("jobs", { task }, 202);
    const ended = await waitUntil("the job has ended", async () => {
      const job = (await api.get("jobs")).items.find((each: { id: string }) => each.id === id);
      return job.state === "running" ? undefined : job;
    });
    assert.equal(ended.state, "done", ended.result);
    assert.match(ended.result, /^0 bytes/);
  }
  assert.equal((await client.get(`/v2/team/app/manifests/${image.descriptor.digest}`)).status, 200);
});
