import { strict as assert } from "node:assert";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth, workersOf } from "../support/berth-process.js";
import { pullBlob, pushBlob, seededBytes } from "../support/content.js";
import { makeBucket, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { Scope } from "../support/scope.js";
import { smallDisk } from "../support/small-disk.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;
const name = "team/app";
const layer = seededBytes("layer", 3 * MiB);
const tooLarge = seededBytes("more than the disk has", 9 * MiB);
const server = { workers: 2 };

test("two workers on MinIO serve from copies on a small local disk, whatever becomes of the copies and of the store", async (t) => {
  const scope = new Scope(t);
  const minio = await startStore(scope, "minio");
  await makeBucket(minio, "images");
  const root = await smallDisk(scope, 8 * MiB);
  const { s3, ...storage } = await storageIn(scope, minio, "images");
  const settings = {
    server,
    storage: { ...storage, s3: { ...(s3 as object), localCache: { root, maxSize: "1GiB" } } },
  };
  const first = await startBerth(scope, settings);
  assert.equal(workersOf(first).length, 2);
  for (const bytes of [layer, tooLarge]) await pushBlob(first.client, name, bytes);
  /** Each request has a connection of its own, so both workers get some. */
  const pullOften = async ({ client }: typeof first, bytes: Buffer) => {
    await Promise.all(Array.from({ length: 8 }, () => pullBlob(client, name, digestOf(bytes))));
  };
  const copy = join(root, digestOf(layer).replace(":", "-"));
  const isWhole = async () => (await readFile(copy).catch(() => undefined))?.equals(layer) || undefined;

  await t.test("they make one copy, and none of what the disk has no room for", async () => {
    await pullOften(first, layer);
    await waitUntil("there is a copy", isWhole);
    await pullOften(first, tooLarge);
    await waitUntil("nothing else is left", async () => (await readdir(root)).length === 1 || undefined);
  });

  await t.test("a copy that something else has written to is dropped and made again", async () => {
    await writeFile(copy, seededBytes("other", layer.length));
    await pullOften(first, layer);
    await first.daemon.stop();
  });

  await t.test("after a restart, copies are read again, and a damaged one is not", async () => {
    const second = await startBerth(scope, settings);
    await pullOften(second, layer);
    await waitUntil("there is a copy", isWhole);
    await writeFile(copy, seededBytes("damaged", layer.length));
    await pullOften(second, layer);
    await waitUntil("there is a copy again", isWhole);
  });
});
