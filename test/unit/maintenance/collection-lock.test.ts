import { strict as assert } from "node:assert";
import { lutimes, mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { beginWork, whileCollecting } from "../../../src/maintenance/collection-lock.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

/** A process on another machine or in another container. */
const stranger = "0123456789abcdef:1:2:3";

const ways = { alone: async (): Promise<unknown> => "alone", beside: async (): Promise<unknown> => "beside" };

test("a collection knows whether the storage is in use, and knows at once when that has ended", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const endWork = await beginWork(storage);
  const { storage: other } = await storageAt(root);
  assert.equal(await whileCollecting(other, ways), "beside");
  await endWork();
  assert.equal(await whileCollecting(other, ways), "alone");
});

test("a server starts during a collection that does not count on having the storage to itself", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  await whileCollecting(storage, { beside: async () => (await beginWork(other))() });
});

test("a server that starts during a collection of an unused storage waits for its end", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  const order: string[] = [];
  let begun: Promise<unknown> | undefined;
  const collectAlone = async () => {
    begun = beginWork(other).then((endWork) => {
      order.push("work");
      return endWork();
    });
    while (!(await storage.driver.isWorkedOn())) await new Promise(setImmediate);
    order.push("collected");
  };
  await whileCollecting(storage, { ...ways, alone: collectAlone });
  await begun;
  assert.deepEqual(order, ["collected", "work"]);
});

test("the mark of a process that is invisible from here counts while it is fresh", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const folder = join(root, ".berth/working");
  await mkdir(folder, { recursive: true });
  await symlink(stranger, join(folder, "theirs"));
  assert.equal(await storage.driver.isWorkedOn(), true);
  const longAgo = new Date(Date.now() - 60_000);
  await lutimes(join(folder, "theirs"), longAgo, longAgo);
  assert.equal(await storage.driver.isWorkedOn(), false);
});

test("marks of ended processes are removed by the next one, those of others are not", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await (await beginWork(storage))();
  const folder = join(root, ".berth/working");
  const endWork = await beginWork(storage);
  const [own = ""] = await readdir(folder);
  await symlink(stranger, join(folder, "theirs"));
  const [place] = (await readlink(join(folder, own))).split(":");
  // No pid is that high.
  await symlink(`${place}:4194999:1:x`, join(folder, "ended"));
  await (await beginWork(storage))();
  assert.deepEqual((await readdir(folder)).sort(), [own, "theirs"].sort());
  await endWork();
  assert.deepEqual(await readdir(folder), ["theirs"]);
});
