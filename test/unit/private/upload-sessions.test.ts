import { strict as assert } from "node:assert";
import { EventEmitter, once } from "node:events";
import { type TestContext, test } from "node:test";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import type { PushRepository } from "../../../src/registry/repository.js";
import { wholeBlob } from "../../../src/registry/span-reader.js";
import { seededBytes } from "../../support/content.js";
import { chunk, patientContext, privateRepository } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

const context = patientContext();
const bytes = seededBytes("blob", 10_000);
const [first, second, third] = [bytes.subarray(0, 3000), bytes.subarray(3000, 7000), bytes.subarray(7000)];

for (const algorithm of ["sha256", "sha512"] as const) {
  for (const opened of ["sha256", "sha512"] as const) {
    test(`a session opened for ${opened} is finished with ${algorithm}`, async (t) => {
      const { one } = await repositories(t);
      const { id } = await one.uploads.start(opened, context);
      for (const part of [first, second]) await one.uploads.append(id, chunk(part), context);
      await one.uploads.finish(id, digestOf(bytes, algorithm), chunk(third), context);
      assert.deepEqual(await contentOf(one, digestOf(bytes, algorithm)), bytes);
    });
  }

  test(`an empty blob is pushed by ${algorithm}`, async (t) => {
    const { one } = await repositories(t);
    const digest = digestOf(Buffer.alloc(0), algorithm);
    const { id } = await one.uploads.start("sha256", context);
    await one.uploads.finish(id, digest, chunk(), context);
    assert.deepEqual(await contentOf(one, digest), Buffer.alloc(0));
  });

  test(`a session continues after a restart and is finished with ${algorithm}`, async (t) => {
    const { one, other } = await repositories(t);
    const { id } = await one.uploads.start(algorithm, context);
    await one.uploads.append(id, chunk(first), context);
    assert.equal((await other.uploads.get(id, context)).offset, 3000);
    await other.uploads.append(id, chunk(second), context);
    await other.uploads.finish(id, digestOf(bytes, algorithm), chunk(third), context);
    assert.deepEqual(await contentOf(one, digestOf(bytes, algorithm)), bytes);
  });
}

test("a session whose chunks go to two processes can be finished by either", async (t) => {
  const { one, other } = await repositories(t);
  for (const last of [one, other]) {
    const { id } = await one.uploads.start("sha256", context);
    await one.uploads.append(id, chunk(first), context);
    await other.uploads.append(id, chunk(second), context);
    await one.uploads.append(id, chunk(third), context);
    await last.uploads.finish(id, digestOf(bytes), chunk(), context);
    assert.deepEqual(await contentOf(last, digestOf(bytes)), bytes);
  }
});

test("a session continues where the connection broke, with its running hash", async (t) => {
  const { one } = await repositories(t);
  const { id } = await one.uploads.start("sha256", context);
  await assert.rejects(one.uploads.append(id, chunk(first, undefined), context), /connection is gone/);
  assert.equal((await one.uploads.get(id, context)).offset, 3000);
  const range = { start: 3000, end: 9999 };
  await assert.rejects(one.uploads.append(id, { ...chunk(second, undefined), range }, context), /connection is gone/);
  await one.uploads.finish(id, digestOf(bytes), { ...chunk(third), range: { start: 7000, end: 9999 } }, context);
  assert.deepEqual(await contentOf(one, digestOf(bytes)), bytes);
});

test("a chunk for another offset is refused before a byte of it is read, and the session stays", async (t) => {
  const { one } = await repositories(t);
  const { id } = await one.uploads.start("sha256", context);
  await one.uploads.append(id, chunk(first), context);
  for (const start of [0, 2999, 3001]) {
    const unread = { ...chunk(undefined), range: { start, end: start + 1 } };
    await assert.rejects(one.uploads.append(id, unread, context), { status: 416 });
    await assert.rejects(one.uploads.finish(id, digestOf(bytes), unread, context), { status: 416 });
  }
  await one.uploads.append(id, chunk(second), context);
  await one.uploads.finish(id, digestOf(bytes), chunk(third), context);
});

test("bytes with another digest get no name, whoever hashed them", async (t) => {
  const { one, other } = await repositories(t);
  for (const last of [one, other]) {
    const { id } = await one.uploads.start("sha256", context);
    await one.uploads.append(id, chunk(first), context);
    await assert.rejects(last.uploads.finish(id, digestOf(bytes), chunk("other"), context), { code: "DIGEST_INVALID" });
    await assert.rejects(last.statBlob(digestOf(bytes), context), { code: "BLOB_UNKNOWN" });
    await assert.rejects(one.uploads.get(id, context), { code: "BLOB_UPLOAD_UNKNOWN" });
  }
});

test("a newer request makes an older one for the same session stop, and continues after its bytes", async (t) => {
  const { one } = await repositories(t);
  const { id } = await one.uploads.start("sha256", context);
  const stalled = stallingAfter(first);
  const older = assert.rejects(one.uploads.append(id, { content: stalled }, context), /took over the upload/);
  await stalled.isStalling;
  assert.equal((await one.uploads.append(id, chunk(second), context)).offset, 7000);
  await older;
  await one.uploads.finish(id, digestOf(bytes), chunk(third), context);
  assert.deepEqual(await contentOf(one, digestOf(bytes)), bytes);
});

test("a finished, a cancelled and an invented session are unknown, and so is one of another repository", async (t) => {
  const { one, storage } = await repositories(t);
  const finished = await one.uploads.start("sha256", context);
  await one.uploads.finish(finished.id, digestOf(bytes), chunk(bytes), context);
  const cancelled = await one.uploads.start("sha256", context);
  await one.uploads.append(cancelled.id, chunk(first), context);
  await one.uploads.cancel(cancelled.id, context);
  const foreign = await privateRepository(storage, "another/repository").uploads.start("sha256", context);
  const invented = ["", "..", "../../../../etc", "00000000-0000-0000-0000-000000000000", "x".repeat(1e5)];
  for (const id of [finished.id, cancelled.id, foreign.id, ...invented]) {
    await assert.rejects(one.uploads.get(id, context), { code: "BLOB_UPLOAD_UNKNOWN" });
    await assert.rejects(one.uploads.append(id, chunk(first), context), { code: "BLOB_UPLOAD_UNKNOWN" });
    await assert.rejects(one.uploads.finish(id, digestOf(first), chunk(first), context), {
      code: "BLOB_UPLOAD_UNKNOWN",
    });
    await assert.rejects(one.uploads.cancel(id, context), { code: "BLOB_UPLOAD_UNKNOWN" });
  }
});

/** The same repository in two processes. */
async function repositories(t: TestContext) {
  const { root, storage } = await storageOnDisk(new Scope(t));
  const other = (await storageAt(root)).storage;
  return { one: privateRepository(storage), other: privateRepository(other), storage };
}

/** A body that stalls until it is aborted. */
function stallingAfter(part: Buffer) {
  const events = new EventEmitter();
  return {
    isStalling: once(events, "stalling"),
    break: (reason: Error) => void events.emit("error", reason),
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
      yield part;
      events.emit("stalling");
      await once(events, "never");
    },
  };
}

async function contentOf(repository: PushRepository, digest: Digest): Promise<Buffer> {
  const { content, size } = await repository.openBlob(digest, wholeBlob, context);
  const into = Buffer.alloc(size);
  await content.read(into);
  await content.close();
  return into;
}
