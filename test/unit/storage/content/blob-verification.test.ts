import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type BlobReader, BufferReader } from "../../../../src/oci/blob-reader.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { BlobVerification } from "../../../../src/storage/content/blob-verification.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../../src/storage/layout.js";

const [one, other] = [Buffer.from("one"), Buffer.from("other")];

/** Returns the bytes of a blob only when told to. */
class SlowDriver extends MemoryDriver {
  readonly reading: string[] = [];
  readonly closed: string[] = [];
  readonly #waiting: (() => void)[] = [];

  override async openRead(key: string): Promise<BlobReader | undefined> {
    const content = await this.read(key);
    if (content === undefined) return undefined;
    this.reading.push(key);
    const reader = new BufferReader(content);
    return {
      size: reader.size,
      read: async (into, position) => {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        // One byte at a time, so that there is a next read.
        return reader.read(into.subarray(0, 1), position);
      },
      close: async () => void this.closed.push(key),
    };
  }

  async goOn(): Promise<void> {
    await turn();
    for (const resolve of this.#waiting.splice(0)) resolve();
    await turn();
  }
}

async function slowDriver(): Promise<SlowDriver> {
  const driver = new SlowDriver();
  for (const content of [one, other]) await driver.write({ key: layout.blob(digestOf(content)), content });
  return driver;
}

test("one blob is read at a time, and once for all callers", async () => {
  const driver = await slowDriver();
  const verification = new BlobVerification(driver);
  const asked = [one, other, one, other].map((bytes) =>
    verification.isWhole(digestOf(bytes), new AbortController().signal),
  );
  await driver.goOn();
  assert.deepEqual(driver.reading, [layout.blob(digestOf(one))]);
  for (let step = 0; step < 20; step++) await driver.goOn();
  assert.deepEqual(await Promise.all(asked), [true, true, true, true]);
  assert.equal(driver.reading.length, 2);
});

test("reading ends once no caller waits, and not before", async () => {
  const driver = await slowDriver();
  const verification = new BlobVerification(driver);
  const clients = [new AbortController(), new AbortController()];
  const asked = clients.map(({ signal }) => verification.isWhole(digestOf(one), signal));
  await driver.goOn();
  for (const [index, client] of clients.entries()) {
    assert.deepEqual(driver.closed, []);
    client.abort(new Error("left"));
    await assert.rejects(asked[index] ?? assert.fail(), /left/);
    await driver.goOn();
  }
  assert.deepEqual(driver.closed, [layout.blob(digestOf(one))]);
  const again = verification.isWhole(digestOf(one), new AbortController().signal);
  for (let step = 0; step < 10; step++) await driver.goOn();
  assert.equal(await again, true);
});

async function turn(): Promise<void> {
  for (let step = 0; step < 5; step++) await new Promise(setImmediate);
}
