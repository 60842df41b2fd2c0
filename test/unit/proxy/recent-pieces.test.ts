import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { BufferReader } from "../../../src/oci/blob-reader.js";
import { RecentPieces } from "../../../src/proxy/downloads/recent-pieces.js";

const mebibyte = 1024 * 1024;

/** A file that counts its reads. */
class CountedFile extends BufferReader {
  reads = 0;

  override read(into: Buffer, position: number): Promise<number> {
    this.reads++;
    return super.read(into, position);
  }
}

test("many readers of the same part of a file cost one read, and each gets the bytes from its own position", async () => {
  const content = randomBytes(mebibyte);
  const file = new CountedFile(content);
  const recent = new RecentPieces();
  const positions = Array.from({ length: 50 }, (_, reader) => reader * 1000);
  const pieces = await Promise.all(positions.map((position) => recent.readFrom(position, file, content.length)));
  for (const [reader, position] of positions.entries()) {
    const piece = pieces[reader];
    assert.ok(piece !== undefined && piece.length > 0);
    assert.deepEqual(piece, content.subarray(position, position + piece.length));
  }
  assert.equal(file.reads, 1);
});

test("an incomplete piece is not kept, since it would later be taken for complete", async () => {
  const file = new CountedFile(randomBytes(mebibyte));
  const recent = new RecentPieces();
  assert.equal(await recent.readFrom(1000, file, 2000), undefined);
  assert.equal(file.reads, 0);
  assert.equal((await recent.readFrom(1000, file, mebibyte))?.equals(file.bytes.subarray(1000, 256 * 1024)), true);
});

test("recently arrived bytes are available from any position, until more has arrived than is kept", () => {
  const piece = mebibyte / 4;
  const [first, second, ...others] = Array.from({ length: 5 }, () => randomBytes(piece));
  assert.ok(first !== undefined && second !== undefined);
  const recent = new RecentPieces();
  recent.add(0, first);
  recent.add(piece, second);
  assert.deepEqual(recent.arrivedFrom(10), first.subarray(10));
  assert.deepEqual(recent.arrivedFrom(piece), second);
  assert.equal(recent.arrivedFrom(2 * piece), undefined);
  for (const [number, bytes] of others.entries()) recent.add((number + 2) * piece, bytes);
  assert.equal(recent.arrivedFrom(10), undefined);
});

test("a failed read is repeated for the next reader", async () => {
  const content = randomBytes(mebibyte);
  const recent = new RecentPieces();
  await assert.rejects(recent.readFrom(0, new BufferReader(content.subarray(0, 100)), mebibyte), /ends at 100/);
  const file = new BufferReader(content);
  assert.deepEqual(await recent.readFrom(0, file, mebibyte), content.subarray(0, 256 * 1024));
});
