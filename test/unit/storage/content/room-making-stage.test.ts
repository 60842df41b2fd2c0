import { strict as assert } from "node:assert";
import { test } from "node:test";
import { StorageError } from "../../../../src/oci/storage-error.js";
import { RoomMakingStage, withRoom } from "../../../../src/storage/content/room-making-stage.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import type { StagedObject } from "../../../../src/storage/staging.js";

/** A staged object on a disk with limited space, which writes as much of a piece as fits. */
function onSmallDisk(disk: { room: number }): StagedObject {
  const staged = new MemoryDriver().staging.at("up/data");
  return Object.assign(Object.create(staged), {
    append: (offset: number, content: AsyncIterable<Buffer>) => staged.append(offset, fitting(content, disk)),
  });
}

async function* fitting(content: AsyncIterable<Buffer>, disk: { room: number }): AsyncIterable<Buffer> {
  for await (const piece of content) {
    const part = piece.subarray(0, disk.room);
    disk.room -= part.length;
    yield part;
    if (part.length < piece.length) throw new StorageError("full", "no space left");
  }
}

/** The same buffer again and again, as lent by a pool. */
async function* lent(count: number): AsyncIterable<Buffer> {
  const buffer = Buffer.alloc(10);
  for (let index = 0; index < count; index++) yield buffer.fill(String(index));
}

const whole = Array.from({ length: 5 }, (_, index) => String(index).repeat(10)).join("");

test("a push to a full disk continues in the middle of a piece once space was freed, and no byte is lost or doubled", async () => {
  const disk = { room: 14 };
  const asked: number[] = [];
  const makeRoom = async (bytes: number) => {
    asked.push(bytes);
    disk.room += 13;
    return 13;
  };
  const staged = new RoomMakingStage(onSmallDisk(disk), async () => {}, makeRoom);
  assert.equal(await staged.append(0, lent(5)), whole.length);
  const reader = await staged.openRead();
  const into = Buffer.alloc(100);
  assert.equal(into.toString("utf8", 0, await reader?.read(into, 0)), whole);
  assert.equal(asked.length, 3);
});

test("if nothing may be deleted, a push to a full disk fails, and its source is closed", async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* lent(5);
    } finally {
      isClosed = true;
    }
  }
  const staged = new RoomMakingStage(
    onSmallDisk({ room: 14 }),
    async () => {},
    async () => 0,
  );
  await assert.rejects(staged.append(0, source()), StorageError);
  assert.equal(isClosed, true);
});

test("a small write is retried each time space was freed, which others may take, and no other failure is", async () => {
  let tries = 0;
  const failing = (error: Error) => async () => {
    tries++;
    if (tries <= 3) throw error;
    return "written";
  };
  assert.equal(await withRoom(async () => 1, failing(new StorageError("full", "no space left"))), "written");
  tries = 0;
  await assert.rejects(
    withRoom(async () => 1, failing(new Error("broken"))),
    /broken/,
  );
});
