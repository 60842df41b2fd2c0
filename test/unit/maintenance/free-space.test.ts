import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FreeSpace } from "../../../src/maintenance/free-space.js";
import { trashedLinks } from "../../../src/maintenance/undelete.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { storeBlob } from "../../support/blob.js";
import { digestsStored } from "../../support/garbage.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { hour, TimedStorage } from "../../support/timed-storage.js";
import { waitUntil } from "../../support/wait-until.js";

const name = parseRepositoryName("team/app");

/** Three blobs of 1,000 bytes in the trash, each older than the next, on a disk of 10,000 bytes. */
async function withTrash(usedByOthers: number) {
  const timed = new TimedStorage((now) => {
    const driver = new MemoryDriver(now);
    const room = async () => {
      const stored = (await digestsStored(timed.storage)).length * 1_000;
      return { size: 10_000, free: 10_000 - usedByOthers - stored };
    };
    return Object.assign(driver, { room });
  });
  const blobs = [];
  for (const text of ["first", "second", "third"]) {
    blobs.push(await storeBlob(timed.storage, name, Buffer.alloc(1_000, text)));
    timed.passes(3 * hour);
  }
  for (let passed = 0; passed < 13; passed++) {
    await timed.collect();
    timed.passes(hour);
  }
  const { storage } = timed;
  assert.deepEqual(
    (await trashedLinks(storage)).map(({ link }) => link.digest),
    blobs,
  );
  const evicted: number[] = [];
  const evict = async (bytes: number) => {
    evicted.push(bytes);
    return 0;
  };
  const log = new RecordedLog();
  const freeSpace = new FreeSpace({ storage, minFree: { bytes: 5_000 }, evict, log });
  return { storage, blobs, evicted, log, freeSpace };
}

test("below the free space that is asked for, the trash is emptied, the oldest first, and nothing else goes", async () => {
  const { storage, blobs, evicted, log, freeSpace } = await withTrash(3_000);
  await waitUntil("room is made", () => log.named("made room on the disk")[0]);
  await freeSpace.stop();
  assert.deepEqual(await digestsStored(storage), [blobs[2]]);
  assert.deepEqual(evicted, []);
});

test("if the trash is not enough, the cache must free the rest, and the operator is told what is missing", async () => {
  const { storage, evicted, log, freeSpace } = await withTrash(6_000);
  const warning = "the disk has less free space than proxy.minFree, and nothing is left that may be deleted";
  await waitUntil("it has looked", () => log.named(warning)[0]);
  await freeSpace.stop();
  assert.deepEqual(await digestsStored(storage), []);
  // 5,000 and a tenth, of which 1,000 were free, and the trash had 3,000.
  assert.deepEqual(evicted, [1_500]);
});

test("while enough is free, the trash stays", async () => {
  const { blobs, storage, freeSpace, log } = await withTrash(2_000);
  await waitUntil("it has looked", () => freeSpace.left === 0 || undefined);
  await freeSpace.stop();
  assert.deepEqual(await digestsStored(storage), [...blobs].sort());
  assert.deepEqual(log.events, []);
});
