import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ReceiveBlocks, type ReceivedPiece } from "../../../../../src/storage/drivers/s3/receiving/receive-blocks.js";

/** Fills the room that the blocks offer, as a system does that reads from a network. */
function arrive(blocks: ReceiveBlocks, room: Buffer, bytes: number, value: number) {
  const count = Math.min(bytes, room.length);
  room.fill(value, 0, count);
  return { piece: blocks.take(count), count, value };
}

test("what was received is never overwritten before it is released, in whatever order and whenever that happens", () => {
  const blocks = new ReceiveBlocks();
  const inUse: { piece: ReceivedPiece; count: number; value: number }[] = [];
  let room = blocks.room();
  for (let turn = 0; turn < 5_000; turn++) {
    const arrived = arrive(blocks, room, 1 + ((turn * 7_919) % 90_000), turn % 251);
    // Some are released before the next room is asked for, others long after.
    if (turn % 3 === 0) arrived.piece.release();
    else inUse.push(arrived);
    room = blocks.room();
    while (inUse.length > turn % 23) {
      const [{ piece, count, value } = assert.fail()] = inUse.splice((turn * 31) % inUse.length, 1);
      assert.equal(piece.bytes.length, count);
      assert.ok(piece.bytes.equals(Buffer.alloc(count, value)), `turn ${turn}`);
      piece.release();
    }
  }
});

test("a block is filled again as soon as nothing of it is used", () => {
  const blocks = new ReceiveBlocks();
  const room = blocks.room();
  arrive(blocks, room, room.length, 1).piece.release();
  assert.equal(blocks.room().buffer, room.buffer);
});
