import { strict as assert } from "node:assert";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Actor } from "../../../../src/oci/actor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseTag } from "../../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { changeOf, nameOfChange } from "../../../../src/storage/content/tag-change.js";
import { layout } from "../../../../src/storage/layout.js";
import { Scope } from "../../../support/scope.js";
import { storageOnDisk } from "../../../support/storage.js";

const name = parseRepositoryName("team/app");
const tag = parseTag("latest");
const [one, other] = ["one", "other"].map((text) => digestOf(Buffer.from(text))) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const ann: Actor = { kind: "client", user: "ann" };

test("the history of a tag says what it pointed to, since when and who moved it, the newest first", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const before = Date.now();
  await storage.tags.put(name, tag, one, ann);
  await storage.tags.put(name, tag, other, { kind: "berth", task: "command line" });
  await storage.tags.put(name, tag, other, { kind: "client", user: undefined });
  const changes = await storage.tags.history.changes(name, tag);
  assert.deepEqual(
    changes.map(({ kind, digest, by }) => ({ kind, digest, by })),
    [
      { kind: "moved", digest: other, by: { kind: "client", user: undefined } },
      { kind: "moved", digest: other, by: { kind: "berth", task: "command line" } },
      { kind: "moved", digest: one, by: ann },
    ],
  );
  for (const { atMs } of changes) assert.ok(atMs >= before && atMs <= Date.now());
});

test("the history outlives the tag, and says who deleted it", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, tag, one, ann);
  await storage.tags.removal.remove(name, tag, { kind: "berth", task: "retention" });
  assert.equal(await storage.tags.find(name, tag), undefined);
  const [deletion, push] = await storage.tags.history.changes(name, tag);
  assert.deepEqual(
    [deletion?.kind, deletion?.digest, deletion?.by],
    ["deleted", one, { kind: "berth", task: "retention" }],
  );
  assert.deepEqual([push?.kind, push?.digest, push?.by], ["moved", one, ann]);
});

test("what another program pushed is in the history without a name, also when the tag is deleted", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  for (const digest of [one, other]) await storage.tags.put(name, tag, digest, ann);
  await rm(join(root, layout.allTagChanges(name)), { recursive: true });
  const asSeen = async () =>
    new Set(
      (await storage.tags.history.changes(name, tag)).map(({ kind, digest, by }) => `${kind} ${digest} ${by?.kind}`),
    );
  assert.deepEqual(await asSeen(), new Set([`moved ${one} undefined`, `moved ${other} undefined`]));
  await storage.tags.removal.remove(name, tag, ann);
  assert.deepEqual(
    await asSeen(),
    new Set([`moved ${one} undefined`, `moved ${other} undefined`, `deleted ${other} client`]),
  );
});

test("the history of a tag is bounded: the oldest changes go", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, tag, one, ann);
  for (let count = 0; count < 130; count++) await storage.tags.put(name, tag, other, ann);
  const changes = await storage.tags.history.changes(name, tag);
  assert.ok(changes.length >= 100 && changes.length <= 122, `${changes.length} changes`);
  assert.ok(changes.slice(0, 100).every(({ digest, by }) => digest === other && by !== undefined));
});

test("the last push is that of the record, even if a backup gave the files other times", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.tags.put(name, tag, one, ann);
  const [push] = await storage.tags.history.changes(name, tag);
  await storage.driver.write({ key: layout.tagLink(name, tag), content: Buffer.from(one) });
  assert.deepEqual(await storage.tags.lastMove(name, tag), push);
  await storage.driver.write({ key: layout.tagLink(name, tag), content: Buffer.from(other) });
  assert.equal((await storage.tags.lastMove(name, tag))?.by, undefined);
  assert.equal(await storage.tags.lastMove(name, parseTag("absent")), undefined);
});

test("the name of a record keeps any name of a user, and no more than file systems accept", () => {
  const atMs = Date.parse("2026-01-31T12:00:00.123Z");
  for (const user of ["ann", "a/b:c d%..", "äöü 🐳", "*'()!~", "retention", "repo:org/name:ref:refs/heads/main"]) {
    const change = { atMs, kind: "moved", digest: one, by: { kind: "client", user } } as const;
    const record = nameOfChange(change, 7);
    assert.match(record, /^[\w.~%-]+$/);
    assert.deepEqual(changeOf(record), change);
  }
  const cut = nameOfChange(
    {
      atMs,
      kind: "deleted",
      digest: digestOf(Buffer.from(""), "sha512"),
      by: { kind: "client", user: "🐳".repeat(300) },
    },
    0,
  );
  assert.ok(cut.length <= 255);
  const by = changeOf(cut)?.by;
  assert.ok(by?.kind === "client" && /^🐳+…$/u.test(by.user ?? ""));
  assert.equal(changeOf("nonsense"), undefined);
  assert.ok(nameOfChange({ atMs, kind: "moved", digest: one, by: { kind: "client", user: "\ud800" } }, 0));
});
