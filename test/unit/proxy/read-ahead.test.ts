import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { readAhead } from "../../../src/proxy/downloads/read-ahead.js";

const mebibyte = 1024 * 1024;

/** Endless bytes. @param note called with the number of requested bytes */
async function* endless(note: (bytes: number) => void): AsyncGenerator<Buffer, void, void> {
  for (;;) {
    const bytes = Buffer.alloc(16 * 1024);
    note(bytes.length);
    yield bytes;
    await nextTurn();
  }
}

/** How much this many transfers read while nothing of it is stored. */
async function readWithoutConsumer(count: number): Promise<number> {
  let read = 0;
  const all = Array.from({ length: count }, () =>
    readAhead(
      endless((bytes) => {
        read += bytes;
      }),
    ),
  );
  await Promise.all(all.map((each) => each.next()));
  for (let before = -1; before !== read; await nextTurn(), await nextTurn()) before = read;
  await Promise.all(all.map((each) => each.return()));
  return read;
}

test("one transfer reads a mebibyte ahead of a stalled disk", async () => {
  const read = await readWithoutConsumer(1);
  assert.ok(read >= mebibyte && read <= 1.1 * mebibyte, `${read} bytes`);
});

test("hundreds of transfers share what they may read ahead", async () => {
  const read = await readWithoutConsumer(256);
  assert.ok(read <= 40 * mebibyte, `${read} bytes`);
});
