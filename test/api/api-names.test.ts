import { strict as assert } from "node:assert";
import { test } from "node:test";
import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { ApiClient } from "../support/api-client.js";
import { pushImage } from "../support/api-image.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { PausableDriver } from "../support/pausable-driver.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

async function registryWith(scope: Scope, names: readonly string[]) {
  const berth = await runBerth(scope);
  for (const name of names) await pushSmallImage(berth.client, name, "layer", { tag: "v1" });
  return { ...berth, api: new ApiClient(berth.client) };
}

function namesOf(list: { items: { name: string }[] }): string[] {
  return list.items.map(({ name }) => name);
}

test("a search finds every name that contains the text, whatever its case, in pages", async (t) => {
  const { api } = await registryWith(new Scope(t), ["team/app", "team/application", "other/my-app", "other/tool"]);
  const found = await api.get("repositories", { search: "APP" });
  assert.deepEqual(namesOf(found), ["other/my-app", "team/app", "team/application"]);
  assert.equal(found.total, 3);
  const first = await api.get("repositories", { search: "app", n: "2" });
  assert.deepEqual(namesOf(first), ["other/my-app", "team/app"]);
  const second = await api.get("repositories", { search: "app", n: "2", last: first.next });
  assert.deepEqual(namesOf(second), ["team/application"]);
  assert.equal(second.next, undefined);
});

test("nothing in a search is a pattern", async (t) => {
  const { api } = await registryWith(new Scope(t), ["team/app", "a.b", "axb"]);
  for (const search of [".*", "%", "'", '"', "[a-z]", "\\", "team%2Fapp", "\u202e", "😀"]) {
    assert.deepEqual(namesOf(await api.get("repositories", { search })), [], search);
  }
  assert.deepEqual(namesOf(await api.get("repositories", { search: "a.b" })), ["a.b"]);
});

test("a repository is found at once after its first push, and a list with details tells its size, tags and origin", async (t) => {
  const { api, client } = await registryWith(new Scope(t), ["first"]);
  assert.deepEqual(namesOf(await api.get("repositories", { search: "" })), ["first"]);
  const image = await pushImage(client, "second", { tag: "1.0", layers: ["a", "bb"] });
  // On a busy machine, it may come too late for the first list.
  const items = await waitUntil("the repository is read", async () => {
    const list = await api.get("repositories", { search: "second", details: "true" });
    return list.items[0]?.isCounting ? undefined : list.items;
  });
  const size = image.descriptor.size + '{"os":"linux","architecture":"amd64"}'.length + 3;
  assert.equal(items.length, 1);
  assert.deepEqual(
    { ...items[0], pushedAt: typeof items[0].pushedAt },
    { name: "second", origin: { kind: "own" }, tags: 1, newestTag: "1.0", size, pushedAt: "string" },
  );
});

test("a repository that takes long to read does not hold up a list, and is described in a later one", async (t) => {
  const scope = new Scope(t);
  const driver = new PausableDriver(new MemoryDriver());
  const { client } = await runBerth(scope, { opened: new Storage(driver, 1_000_000, new RecordedLog()) });
  for (const name of ["quick", "slow"]) await pushSmallImage(client, name, "layer", { tag: "v1" });
  const api = new ApiClient(client);
  const list = async () => (await api.get("repositories", { details: "true" })).items;
  const pause = driver.pauseBefore("list", /slow\/_layers/);
  const held = await waitUntil("the other one is described", async () => {
    const items = await list();
    return items[0].newestTag === undefined ? undefined : items;
  });
  assert.deepEqual(held[1], { name: "slow", isCounting: true });
  pause.resume();
  const [, slow] = await waitUntil("both are described", async () => {
    const items = await list();
    return items.some(({ isCounting }: { isCounting?: true }) => isCounting) ? undefined : items;
  });
  assert.deepEqual([slow.name, slow.newestTag, slow.tags], ["slow", "v1", 1]);
});

test("where all repositories take long to read, a list is answered before it has begun with each of them", async (t) => {
  const scope = new Scope(t);
  const driver = new PausableDriver(new MemoryDriver());
  const { client } = await runBerth(scope, { opened: new Storage(driver, 1_000_000, new RecordedLog()) });
  const names = Array.from({ length: 30 }, (_, index) => `slow-${index + 10}`);
  for (const name of names) await pushSmallImage(client, name, "layer", { tag: "v1" });
  const begun = new Set<string>();
  const pauses = names.map((name) => {
    const pause = driver.pauseBefore("list", new RegExp(`${name}/_layers`));
    void pause.reached.then(() => begun.add(name));
    return pause;
  });
  const api = new ApiClient(client);
  const list = async () => (await api.get("repositories", { details: "true" })).items;
  const first = await list();
  assert.deepEqual(
    first,
    names.map((name) => ({ name, isCounting: true })),
  );
  // Eight are read at once, and a list waits 40 ms for each: to begin with all of them would take four such times.
  assert.ok(begun.size < names.length, `${begun.size} of ${names.length} were being read`);
  for (const pause of pauses) pause.resume();
  await waitUntil("the others are read after the answer", async () => {
    const items = await list();
    return items.every(({ newestTag }: { newestTag?: string }) => newestTag === "v1") ? true : undefined;
  });
});

test("a folder of the tree shows folders with what is below them, and repositories", async (t) => {
  const { api } = await registryWith(new Scope(t), [
    "app",
    "team/app",
    "team/app/debug",
    "team/tools/a",
    "team/tools/b",
  ]);
  const top = await api.get("tree");
  assert.deepEqual(top.folders, [{ name: "team", repositories: 4 }]);
  assert.deepEqual(top.repositories, ["app"]);
  const team = await api.get("tree", { under: "team" });
  assert.deepEqual(team.folders, [
    { name: "team/app", repositories: 1 },
    { name: "team/tools", repositories: 2 },
  ]);
  assert.deepEqual(team.repositories, ["team/app"]);
  const first = await api.get("tree", { under: "team", n: "1" });
  assert.deepEqual([first.repositories, first.next], [["team/app"], "team/app"]);
  const second = await api.get("tree", { under: "team", n: "1", last: first.next });
  assert.deepEqual([second.folders, second.next], [[{ name: "team/tools", repositories: 2 }], undefined]);
});

test("a client finds only what it may pull, in lists, searches and the tree", async (t) => {
  const berth = await runGuardedBerth(new Scope(t), {
    rules: [
      { allow: ["pull", "push"], to: ["ann"], in: ["**"] },
      { allow: ["pull"], to: ["bob"], in: ["team/*"] },
    ],
  });
  const ann = berth.client.with(basic("ann"));
  for (const name of ["team/app", "secret/app"]) await pushSmallImage(ann, name, "layer", { tag: "v1" });
  const bob = new ApiClient(berth.client, basic("bob"));
  assert.deepEqual(namesOf(await bob.get("repositories", { search: "app" })), ["team/app"]);
  assert.deepEqual(namesOf(await bob.get("repositories")), ["team/app"]);
  assert.deepEqual((await bob.get("tree")).folders, [{ name: "team", repositories: 1 }]);
  for (const path of ["repository", "tags"]) {
    const answer = await bob.answer("GET", path, { query: { repository: "secret/app" } });
    assert.equal(answer.status, 403, path);
  }
  const nobody = new ApiClient(berth.client);
  assert.equal((await nobody.answer("GET", "repositories")).status, 401);
  assert.equal((await nobody.answer("GET", "me")).status, 200);
});

test("a wrong query is refused with a reason", async (t) => {
  const { api } = await registryWith(new Scope(t), ["app"]);
  const wrong: [string, Record<string, string>][] = [
    ["repositories", { n: "0" }],
    ["repositories", { n: "1001" }],
    ["repositories", { n: "x" }],
    ["repositories", { search: "a".repeat(256) }],
    ["repositories", { details: "maybe" }],
    ["repository", {}],
    ["repository", { repository: "Upper" }],
    ["tags", { repository: "app", order: "random" }],
    ["image", { repository: "app" }],
    ["image", { repository: "app", reference: "sha256:short" }],
    ["referrers", { repository: "app", digest: "x" }],
    ["holders", { digest: "x" }],
  ];
  for (const [path, query] of wrong) {
    const answer = await api.answer("GET", path, { query });
    assert.equal(answer.status, 400, `${path} ${JSON.stringify(query)}`);
  }
  assert.equal((await api.answer("GET", "repository", { query: { repository: "not/there" } })).status, 404);
});
