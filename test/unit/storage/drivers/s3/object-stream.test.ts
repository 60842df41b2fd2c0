import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ObjectStream } from "../../../../../src/storage/drivers/s3/object-stream.js";
import type { ByteReceiver, ByteSource } from "../../../../../src/storage/drivers/s3/receiving/byte-source.js";
import { seededBytes } from "../../../../support/content.js";
import { waitUntil } from "../../../../support/wait-until.js";

const KiB = 1024;
const content = seededBytes("streamed", 1024 * KiB);
const pieceBytes = 64 * KiB;

/** A store that sends the content in pieces, as long as it may. */
class Sender implements ByteSource {
  sent = 0;
  /** Pieces that nobody has released. */
  held = 0;
  isFlowing = false;
  isDestroyed = false;
  #receiver: ByteReceiver | undefined;

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
  }

  pause(): void {
    this.isFlowing = false;
  }

  resume(): void {
    this.isFlowing = true;
    queueMicrotask(() => this.#send());
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  break(): void {
    this.#receiver?.ended(new Error("the connection broke"));
  }

  #send(): void {
    if (!this.isFlowing || this.isDestroyed || this.sent === content.length) return;
    // A copy, which is overwritten when it is released: whoever still reads it gets wrong bytes.
    const bytes = Buffer.from(content.subarray(this.sent, this.sent + pieceBytes));
    this.sent += bytes.length;
    this.held++;
    this.#receiver?.received(bytes, () => {
      this.held--;
      bytes.fill(0);
    });
    queueMicrotask(() => this.#send());
  }
}

function opened({ window = 256 * KiB, isJoinable = false } = {}) {
  const sender = new Sender();
  const state = { isClosed: false };
  const object = { etag: "1", modifiedMs: 0, size: content.length, source: sender };
  const stream = new ObjectStream(object, {
    start: 0,
    end: content.length,
    window: () => window,
    isJoinable: () => isJoinable,
    closed: () => {
      state.isClosed = true;
    },
  });
  return { stream, sender, state };
}

async function readOn(cursor: ReturnType<ObjectStream["join"]>, bytes: number): Promise<Buffer> {
  const into = Buffer.alloc(bytes);
  return into.subarray(0, await cursor.read(into));
}

test("readers of one speed get all bytes of one answer, and the memory of what all have read is released", async () => {
  const { stream, sender, state } = opened();
  const cursors = Array.from({ length: 5 }, () => stream.join(0));
  for (let position = 0; position < content.length; ) {
    const read = await Promise.all(cursors.map((cursor) => readOn(cursor, 100_000)));
    for (const bytes of read) assert.ok(bytes.equals(content.subarray(position, position + bytes.length)));
    position += read[0]?.length ?? assert.fail();
  }
  assert.equal(sender.held, 0);
  for (const cursor of cursors) cursor.close();
  assert.ok(state.isClosed);
});

test("a client that reads slowly does not make the store send more than a window", async () => {
  const { stream, sender } = opened({ window: 192 * KiB });
  const cursor = stream.join(0);
  await readOn(cursor, 10);
  await waitUntil("the store was told to pause", () => !sender.isFlowing || undefined);
  assert.ok(sender.sent <= 10 + 192 * KiB + pieceBytes, `${sender.sent}`);
});

test("a reader that falls behind by more than a window is left behind, and the others go on", async () => {
  const { stream } = opened();
  const [fast, slow] = [stream.join(0), stream.join(0)];
  assert.ok((await readOn(slow, 1_000)).equals(content.subarray(0, 1_000)));
  const read: Buffer[] = [];
  for (let bytes = 0; bytes < content.length; bytes += 128 * KiB) read.push(await readOn(fast, 128 * KiB));
  assert.ok(Buffer.concat(read).equals(content));
  assert.equal(slow.isThere, false);
  assert.equal(stream.covers(1_000), false);
});

test("a reader that catches up in time is not left behind", async () => {
  const { stream } = opened();
  const [fast, slow] = [stream.join(0), stream.join(0)];
  const ahead = readOn(fast, content.length);
  const read: Buffer[] = [];
  for (let bytes = 0; bytes < content.length; bytes += 64 * KiB) read.push(await readOn(slow, 64 * KiB));
  assert.ok(Buffer.concat(read).equals(content));
  assert.ok((await ahead).equals(content));
});

test("as long as the beginning is held, others can join there", async () => {
  const { stream } = opened({ window: 512 * KiB, isJoinable: true });
  const first = stream.join(0);
  await readOn(first, 300 * KiB);
  assert.ok(stream.covers(0));
  const late = stream.join(0);
  assert.ok((await readOn(late, 300 * KiB)).equals(content.subarray(0, 300 * KiB)));
  const [one, other] = await Promise.all([first, late].map((cursor) => readOn(cursor, 400 * KiB)));
  assert.ok(one?.equals(other ?? assert.fail()));
  assert.equal(stream.covers(0), false);
});

test("what has arrived before the connection broke can be read, and then every reader learns of it", async () => {
  const { stream, sender } = opened();
  const [one, other] = [stream.join(0), stream.join(0)];
  await readOn(one, 64 * KiB);
  await waitUntil("the store was told to pause", () => !sender.isFlowing || undefined);
  sender.break();
  const arrived = await readOn(one, content.length);
  assert.ok(arrived.equals(content.subarray(64 * KiB, sender.sent)));
  await assert.rejects(readOn(one, 1), /the connection broke/);
  assert.ok((await readOn(other, content.length)).equals(content.subarray(0, sender.sent)));
  await assert.rejects(readOn(other, 1), /the connection broke/);
  for (const cursor of [one, other]) cursor.close();
  assert.equal(sender.held, 0);
});

test("whoever joined a stream that was closed at once learns that, and does not wait", async () => {
  const { stream, sender } = opened();
  stream.join(0).close();
  assert.ok(sender.isDestroyed);
  assert.equal(stream.covers(0), false);
  await assert.rejects(readOn(stream.join(0), 1), /closed/);
});

test("whoever comes too late for the beginning gets nothing here, and does not wait for the end", async () => {
  const { stream } = opened({ window: 64 * KiB });
  await readOn(stream.join(0), 512 * KiB);
  assert.equal(stream.join(0).isThere, false);
});
