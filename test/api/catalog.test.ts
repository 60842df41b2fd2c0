import { strict as assert } from "node:assert";
import { test } from "node:test";
import { pushBlob } from "../support/content.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

/** In code point order, where `-`, `.` and `/` come before letters. */
const sorted = ["a", "a-b", "a.b", "a/b", "a/b/c", "a0", "ab", "b"];

async function pushAll(client: RegistryClient): Promise<void> {
  for (const name of sorted.toReversed()) await pushSmallImage(client, name, "layer", { tag: "v1" });
}

function namesIn(answer: Answer): string[] {
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString()).repositories;
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`the catalog lists every repository in code point order, page by page (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    await pushAll(client);
    assert.deepEqual(namesIn(await client.get("/v2/_catalog")), sorted);
    const seen: string[] = [];
    for (let next: string | undefined = "/v2/_catalog?n=3"; next !== undefined; ) {
      const answer: Answer = await client.get(next);
      seen.push(...namesIn(answer));
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.link ?? "")?.[1];
    }
    assert.deepEqual(seen, sorted);
  });
}

test("an empty registry has an empty catalog", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/v2/_catalog");
  assert.deepEqual(namesIn(answer), []);
  assert.equal(answer.headers.link, undefined);
});

test("a page may begin after any text, also one that no repository and no file can be called", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushAll(client);
  for (const [last, expected] of [
    ["%00", sorted],
    ["a%00b", sorted.slice(1)],
    ["..", sorted],
    ["../../..", sorted],
    ["a/..", sorted.filter((name) => name !== "a" && name !== "a-b" && name !== "a.b")],
    ["%FF", []],
    ["A", sorted],
    ["-".repeat(600), sorted],
    [`${"a".repeat(600)}`, sorted.slice(6)],
    [`${"a/".repeat(600)}`, ["a/b", "a/b/c", "a0", "ab", "b"]],
  ] as const) {
    assert.deepEqual(namesIn(await client.get(`/v2/_catalog?last=${last}`)), expected, last.slice(0, 20));
  }
});

test("n=0 gives an empty page and no Link", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushAll(client);
  const answer = await client.get("/v2/_catalog?n=0");
  assert.deepEqual(namesIn(answer), []);
  assert.equal(answer.headers.link, undefined);
});

test("an invalid n is refused, and a huge one costs nothing", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushAll(client);
  for (const n of ["-1", "x", "1e9", "0x7fffffff", "-9223372036854775808"]) {
    assert.equal((await client.get(`/v2/_catalog?n=${n}`)).status, 400, n);
  }
  for (const n of ["1000000000000", "9223372036854775807"]) {
    assert.deepEqual(namesIn(await client.get(`/v2/_catalog?n=${n}`)), sorted, n);
  }
});

test("a new repository is in the catalog at once, unless it holds only blobs", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "only/blobs", Buffer.from("layer"));
  assert.deepEqual(namesIn(await client.get("/v2/_catalog")), []);
  await pushSmallImage(client, "first", "layer", { tag: "v1" });
  assert.deepEqual(namesIn(await client.get("/v2/_catalog")), ["first"]);
  await pushSmallImage(client, "second", "layer");
  assert.deepEqual(namesIn(await client.get("/v2/_catalog")), ["first", "second"]);
});
