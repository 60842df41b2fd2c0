import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ObjectStreams } from "../../../../../src/storage/drivers/s3/object-streams.js";
import type { ByteSource } from "../../../../../src/storage/drivers/s3/receiving/byte-source.js";
import { waitUntil } from "../../../../support/wait-until.js";

const size = 1_000_000;

/** Nothing ever arrives from it. */
class SilentSource implements ByteSource {
  isDestroyed = false;

  start(): void {}

  pause(): void {}

  resume(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}

/** A bucket of one object, and what was opened. */
function bucket() {
  const sources: SilentSource[] = [];
  const getPlainly = async () => {
    const source = new SilentSource();
    sources.push(source);
    return { etag: '"new"', modifiedMs: 0, size, source };
  };
  return { streams: new ObjectStreams({ getPlainly, get: async () => undefined }, 60_000), sources };
}

/** A function of its own, so that no variable of the test keeps what it opened. */
async function openTwiceAndClose({ streams, sources }: ReturnType<typeof bucket>): Promise<WeakRef<SilentSource>> {
  const opened = [await streams.openRecently("blob"), await streams.openRecently("blob")];
  assert.equal(sources.length, 1);
  for (const cursor of opened.map((stream) => stream?.join(0))) cursor?.close();
  const source = sources.pop();
  assert.ok(source?.isDestroyed);
  return new WeakRef(source);
}

test("nothing is kept of an object that nobody reads any more", async () => {
  const held = bucket();
  const source = await openTwiceAndClose(held);
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  await waitUntil("it is collected", () => {
    collectGarbage();
    return source.deref() === undefined || undefined;
  });
  assert.ok(held.streams);
});

test("a store that ignores which version was asked for is not read from", async () => {
  const { streams, sources } = bucket();
  assert.equal(await streams.at("blob", '"old"', { start: 0, end: size }), undefined);
  assert.deepEqual(
    sources.map(({ isDestroyed }) => isDestroyed),
    [true],
  );
});
