import { strict as assert } from "node:assert";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EarlyFlush, FlushSlots } from "../../../../../src/storage/drivers/filesystem/early-flush.js";
import { Scope } from "../../../../support/scope.js";

const muchBytes = 8 * 1024 * 1024;

test("a failed flush is reported: nothing may rely on what it did not write", async (t) => {
  // A device that can be opened, but not synced.
  const file = openAndClose(t, "/dev/null");
  const flush = new EarlyFlush(file, 0, new FlushSlots());
  flush.noteWritten(muchBytes);
  await assert.rejects(flush.settled());
});

test("a successful flush keeps the content, and returns its slot", async (t) => {
  const path = join(await new Scope(t).folder("flush"), "file");
  const file = openAndClose(t, path);
  const slots = new FlushSlots();
  for (let end = muchBytes; end <= 8 * muchBytes; end += muchBytes) {
    const flush = new EarlyFlush(file, end - muchBytes, slots);
    flush.noteWritten(end);
    await flush.settled();
  }
  assert.ok(slots.take() && slots.take());
  assert.ok(!slots.take());
  assert.equal(readFileSync(path).length, 0);
});

function openAndClose(t: { after(release: () => void): void }, path: string): number {
  const file = openSync(path, "w+");
  t.after(() => closeSync(file));
  return file;
}
