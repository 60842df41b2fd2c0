import { strict as assert } from "node:assert";
import { test } from "node:test";
import { pushManifest } from "../support/content.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const list = "/v2/team/app/tags/list";

/** In code point order, which is neither that of dictionaries nor the order of the pushes. */
const sorted = ["1.0", "1.10", "1.2", "Latest", "V2", "_x", "a-b", "a.b", "a_b", "ab", "latest", "v2"];

async function pushTags(client: RegistryClient, tags: readonly string[] = sorted.toReversed()): Promise<void> {
  const image = await pushSmallImage(client, "team/app", "layer");
  for (const tag of tags) await pushManifest(client, "team/app", image, tag);
}

function tagsIn(answer: Answer): string[] {
  assert.equal(answer.status, 200);
  const { name, tags } = JSON.parse(answer.body.toString());
  assert.equal(name, "team/app");
  return tags;
}

/** The link to the next page, `undefined` on the last one. */
function nextOf(answer: Answer): string | undefined {
  if (answer.headers.link === undefined) return undefined;
  const [, target] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.link) ?? [];
  assert.ok(target !== undefined, answer.headers.link);
  return target;
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`all tags are listed at once and in code point order (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    await pushTags(client);
    const answer = await client.get(list);
    assert.deepEqual(tagsIn(answer), sorted);
    assert.equal(answer.headers.link, undefined);
    assert.equal(answer.headers["content-type"], "application/json");
  });
}

for (const n of [1, 2, 5, 11, 12]) {
  test(`following Link with n=${n} lists every tag once and in order`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushTags(client);
    const seen: string[] = [];
    for (let next: string | undefined = `${list}?n=${n}`; next !== undefined; ) {
      const answer: Answer = await client.get(next);
      const page = tagsIn(answer);
      next = nextOf(answer);
      if (next !== undefined) assert.equal(page.length, n);
      seen.push(...page);
    }
    assert.deepEqual(seen, sorted);
  });
}

test("a page that contains the last tag has no Link, even when it is full", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  assert.equal((await client.get(`${list}?n=${sorted.length}`)).headers.link, undefined);
  assert.equal((await client.get(`${list}?n=2&last=ab`)).headers.link, undefined);
});

test("last is excluded, need not exist, and works without n", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  assert.deepEqual(tagsIn(await client.get(`${list}?last=a_b`)), ["ab", "latest", "v2"]);
  assert.deepEqual(tagsIn(await client.get(`${list}?last=aa`)), ["ab", "latest", "v2"]);
  assert.deepEqual(tagsIn(await client.get(`${list}?n=1&last=aa`)), ["ab"]);
  assert.deepEqual(tagsIn(await client.get(`${list}?last=zzz`)), []);
  assert.deepEqual(tagsIn(await client.get(`${list}?last=`)), sorted);
});

test("n=0 gives an empty list and no Link", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  const answer = await client.get(`${list}?n=0`);
  assert.deepEqual(tagsIn(answer), []);
  assert.equal(answer.headers.link, undefined);
});

test("n larger than any list returns everything", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  for (const n of ["13", "1000000000000", "9007199254740993", "9223372036854775807", "9".repeat(400)]) {
    const answer = await client.get(`${list}?n=${n}`);
    assert.deepEqual(tagsIn(answer), sorted, n);
    assert.equal(answer.headers.link, undefined, n);
  }
});

for (const n of ["-1", "1.5", "1e3", "0x10", "NaN", "Infinity", "ten", " 1", "1,2", "%00", "1e400"]) {
  test(`n=${n.slice(0, 20)} is refused`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    await pushTags(client, ["v1"]);
    const answer = await client.get(`${list}?n=${encodeURIComponent(n)}`);
    assert.equal(answer.status, 400);
    assert.ok(errorCodeOf(answer));
  });
}

test("the first of two values counts, and nothing breaks", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  const answer = await client.get(`${list}?n=1&n=3&last=a&last=v2`);
  assert.deepEqual(tagsIn(answer), ["a-b"]);
  assert.ok(nextOf(answer));
});

test("Link keeps the other parameters, properly encoded, and nothing can break out of it", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  const answer = await client.get(`${list}?n=1&ns=docker.io&x=%3E%3B%20rel%3D%22prev%22%0D%0AEvil:%201%C4%8A`);
  const next = nextOf(answer);
  const query = new URLSearchParams(next?.slice(next.indexOf("?")));
  assert.equal(query.get("ns"), "docker.io");
  assert.equal(query.get("n"), "1");
  assert.equal(query.get("last"), "1.0");
  assert.equal(answer.headers.evil, undefined);
});

test("hostile values of last are only compared", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client);
  for (const last of ["%00", "../../../etc", "%E2%80%A8", "%0D%0AEvil:%201", "%ff%fe", "z".repeat(10_000)]) {
    assert.equal((await client.get(`${list}?last=${last}`)).status, 200, last.slice(0, 20));
  }
});

test("a repository with blobs and no tag has an empty list, not null", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushTags(client, []);
  assert.deepEqual(tagsIn(await client.get(list)), []);
});

test("a repository that was never pushed to is unknown", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get(list);
  assert.equal(answer.status, 404);
  assert.equal(errorCodeOf(answer), "NAME_UNKNOWN");
});

test("a repository whose name is the prefix of another's has only its own tags", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const [name, tag] of [
    ["team", "of-team"],
    ["team/app", "of-app"],
    ["team/app2", "of-app2"],
    ["team/app/sub", "of-sub"],
  ] as const) {
    await pushSmallImage(client, name, "layer", { tag });
  }
  assert.deepEqual(tagsIn(await client.get(list)), ["of-app"]);
});
