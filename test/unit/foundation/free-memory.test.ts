import { strict as assert } from "node:assert";
import { test } from "node:test";
import { freeMemory } from "../../../src/foundation/free-memory.js";
import { waitUntil } from "../../support/wait-until.js";

const size = 64 * 1024;

test("memory that was freed is no longer in use, without a garbage collection", async () => {
  await waitUntil("Node 20 has closed a port", () => {
    const before = process.memoryUsage().arrayBuffers;
    freeMemory(Buffer.alloc(size));
    return process.memoryUsage().arrayBuffers === before || undefined;
  });
  const buffers = Array.from({ length: 100 }, () => Buffer.alloc(size, "x"));
  const before = process.memoryUsage().arrayBuffers;
  for (const buffer of buffers) freeMemory(buffer);
  assert.ok(before - process.memoryUsage().arrayBuffers >= 100 * size);
  assert.deepEqual(
    buffers.map((buffer) => buffer.length),
    buffers.map(() => 0),
  );
});

test("memory that a buffer shares with others stays", () => {
  const whole = Buffer.alloc(2 * size, "x");
  freeMemory(whole.subarray(0, size));
  freeMemory(whole.subarray(size));
  freeMemory(Buffer.from("short"));
  assert.equal(whole.toString("latin1"), "x".repeat(2 * size));
});
