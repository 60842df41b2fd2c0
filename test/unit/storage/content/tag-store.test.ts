import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseTag } from "../../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../../src/storage/layout.js";
import { Storage } from "../../../../src/storage/storage.js";
import { countCalls } from "../../../support/counted-driver.js";
import { RecordedLog } from "../../../support/recorded-log.js";
import { Scope } from "../../../support/scope.js";
import { SecondProcess } from "../../../support/second-process.js";
import { storageOnDisk } from "../../../support/storage.js";
import { waitUntil } from "../../../support/wait-until.js";

const name = parseRepositoryName("team/app");
const [one, other] = [digestOf(Buffer.from("one")), digestOf(Buffer.from("other"))];
const v1 = parseTag("v1");
const v2 = parseTag("v2");

test("a tag moves, and keeps its history", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, v1, one);
  assert.equal(await storage.tags.find(name, v1), one);
  await storage.tags.put(name, v1, other);
  assert.equal(await storage.tags.find(name, v1), other);
  for (const digest of [one, other]) {
    assert.equal((await storage.driver.read(layout.tagHistoryLink(name, v1, digest)))?.toString(), digest);
  }
});

test("tags are listed in code point order, and property names of JavaScript objects are names", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const tags = ["b", "a", "Z", "1.0", "1.0-rc", "__proto__", "constructor", "sha256"];
  for (const tag of tags) await storage.tags.put(name, parseTag(tag), one);
  assert.deepEqual(await storage.tags.list(name), [...tags].sort());
});

test("a tag that is being pushed is listed only once its last link exists", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, v1, one);
  await plant(root, layout.tagHistoryLink(name, v2, one), one);
  await settled(storage);
  assert.deepEqual(await storage.tags.list(name), ["v1"]);
  await plant(root, layout.tagLink(name, v2), "");
  assert.deepEqual(await storage.tags.list(name), ["v1"]);
  await plant(root, layout.tagLink(name, v2), one);
  assert.deepEqual(await storage.tags.list(name), ["v1", "v2"]);
});

test("the list is the same array until something changes, whatever else is in the folder", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, v1, one);
  await plant(root, layout.tagHistoryLink(name, v2, one), one);
  await plant(root, `${layout.tags(name)}/.DS_Store`, "junk");
  await plant(root, `${layout.tags(name)}/-no-tag/current/link`, one);
  await settled(storage);
  const before = await storage.tags.list(name);
  assert.deepEqual(before, ["v1"]);
  assert.equal(await storage.tags.list(name), before);
});

test("what another process pushes, moves and deletes is seen at once", async (t) => {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  const process = await SecondProcess.start(scope, root);
  await storage.tags.put(name, v1, one);
  await settled(storage);
  await storage.tags.find(name, v1);
  await process.write(layout.tagLink(name, v1), other);
  assert.equal(await storage.tags.find(name, v1), other);
  await process.write(layout.tagLink(name, v2), one);
  assert.deepEqual(await storage.tags.list(name), ["v1", "v2"]);
  await process.remove(layout.tag(name, v1));
  assert.deepEqual(await storage.tags.list(name), ["v2"]);
  assert.equal(await storage.tags.find(name, v1), undefined);
});

test("removing a tag returns its target, and also removes remains of a tag", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, v1, one);
  await plant(root, layout.tagHistoryLink(name, v2, one), one);
  assert.equal(await storage.tags.removal.remove(name, v1), one);
  assert.equal(await storage.tags.removal.remove(name, v1), undefined);
  assert.equal(await storage.tags.removal.remove(name, v2), undefined);
  assert.deepEqual(await storage.driver.list(layout.tags(name)), []);
});

test("moving a tag returns its previous target, even for concurrent moves", async () => {
  const storage = new Storage(new MemoryDriver(), 2, new RecordedLog());
  assert.equal(await storage.tags.put(name, v1, one), undefined);
  assert.equal(await storage.tags.put(name, v1, other), one);
  const before = await Promise.all([storage.tags.put(name, v1, one), storage.tags.put(name, v1, other)]);
  assert.deepEqual(before, [other, one]);
});

test("a deletion in a repository with very many tags reads only those of the manifest, and leaves the others", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 2, new RecordedLog());
  for (let index = 0; index < 1_100; index++) await storage.tags.put(name, parseTag(`v${index}`), other);
  for (const tag of [v1, v2]) await storage.tags.put(name, tag, one);
  await storage.tags.put(name, v2, other);
  counted.look();
  await storage.tags.ofManifests.remove({ name, digest: one, by: undefined });
  assert.ok(counted.look().total < 20);
  assert.equal(await storage.tags.find(name, v1), undefined);
  assert.equal(await storage.tags.find(name, v2), other);
  assert.deepEqual(await storage.driver.list(layout.tagged(name, one)), []);
});

test("very many tags written by another program are read after the deletion, and only once", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 2, new RecordedLog());
  const plantTag = (tag: string, digest: string) =>
    storage.driver.write({ key: layout.tagLink(name, parseTag(tag)), content: Buffer.from(digest) });
  for (let index = 0; index < 2_200; index++) await plantTag(`v${index}`, index % 2 === 0 ? one : other);
  counted.look();
  await storage.tags.ofManifests.remove({ name, digest: one, by: undefined });
  await waitUntil("the tags are removed", async () => (await storage.tags.list(name)).length === 1_100 || undefined);
  await storage.tags.put(name, parseTag("later"), other);
  counted.look();
  await storage.tags.ofManifests.remove({ name, digest: digestOf(Buffer.from("in no tag")), by: undefined });
  assert.ok(counted.look().total < 10);
  await storage.tags.ofManifests.remove({ name, digest: other, by: undefined });
  assert.deepEqual(await storage.tags.list(name), []);
});

async function plant(root: string, key: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), text);
}

/** Waits until lists and links are remembered: a very recent change could hide another one. */
async function settled(storage: Storage): Promise<void> {
  await waitUntil("the folder's version settles", async () => {
    const folders = await storage.driver.list(layout.tags(name));
    return (await storage.driver.list(layout.tags(name))) === folders || undefined;
  });
  await storage.tags.list(name);
}

test("a page of tags reads no more of them than it shows, and the pages form the whole list", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 2, new RecordedLog());
  const tags = Array.from({ length: 500 }, (_, index) => `v${1000 + index}`);
  for (const tag of tags)
    await storage.driver.write({ key: layout.tagLink(name, parseTag(tag)), content: Buffer.from(one) });
  const seen: string[] = [];
  for (let more = true; more; ) {
    counted.look();
    const last = seen.at(-1);
    const page = await storage.tags.page(name, { limit: 40, ...(last !== undefined && { last }) });
    assert.ok(counted.look().total <= 43);
    seen.push(...page.items);
    more = page.more;
  }
  assert.deepEqual(seen, tags);
});
