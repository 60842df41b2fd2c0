import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { SpanReader, type WantedSpan, wholeBlob } from "../../../../src/registry/span-reader.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../../src/storage/layout.js";
import { Storage } from "../../../../src/storage/storage.js";
import { storeBlob } from "../../../support/blob.js";
import { seededBytes } from "../../../support/content.js";
import { RecordedLog } from "../../../support/recorded-log.js";
import { waitUntil } from "../../../support/wait-until.js";

const name = parseRepositoryName("team/app");
const bytes = seededBytes("too large for the memory", 700_000);

/** A storage that verifies all reads, with one blob. */
async function verifyingStorage() {
  const driver = new MemoryDriver();
  const log = new RecordedLog();
  const storage = new Storage(driver, 0, log);
  storage.sampledReads.share = 1;
  return { driver, storage, log, digest: await storeBlob(storage, name, bytes) };
}

/** Reads as a response does. @returns what was handed out before it failed */
async function read(storage: Storage, digest: Digest, wanted: WantedSpan): Promise<{ sent: number; failed: boolean }> {
  const reader = await storage.blobs.open(digest);
  assert.ok(reader);
  const content = await SpanReader.open(reader, wanted);
  let sent = 0;
  try {
    const buffer = Buffer.alloc(100_000);
    while (!content.isAtEnd) sent += await content.read(buffer);
    return { sent, failed: false };
  } catch {
    return { sent, failed: true };
  } finally {
    await content.close();
  }
}

test("a damaged blob that is read is not sent to its end, and is set aside", async () => {
  const { driver, storage, log, digest } = await verifyingStorage();
  const wrong = Buffer.from(bytes);
  wrong[650_000] = (wrong[650_000] ?? 0) ^ 1;
  await driver.write({ key: layout.blob(digest), content: wrong });
  const { sent, failed } = await read(storage, digest, wholeBlob);
  assert.equal(failed, true);
  assert.ok(sent < bytes.length);
  await waitUntil("it is set aside", async () => ((await storage.blobs.size(digest)) === undefined ? true : undefined));
  assert.deepEqual(storage.sampledReads.verified, { whole: 0, damaged: 1 });
  await waitUntil("it is logged", () => log.events.find(({ fields }) => fields.digest === digest));
  for await (const aside of storage.quarantine.all()) assert.equal(aside.digest, digest);
});

test("a whole blob is sent as it is, and a part of one proves nothing", async () => {
  const { storage, digest } = await verifyingStorage();
  assert.equal(digest, digestOf(bytes));
  assert.deepEqual(await read(storage, digest, wholeBlob), { sent: bytes.length, failed: false });
  const part = await read(storage, digest, () => ({ start: 5, end: 200_005 }));
  assert.deepEqual(part, { sent: 200_000, failed: false });
  assert.deepEqual(storage.sampledReads.verified, { whole: 1, damaged: 0 });
});
