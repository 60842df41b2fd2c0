import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { BlobReader } from "../../../src/oci/blob-reader.js";
import { SpanReader, wholeBlob } from "../../../src/registry/span-reader.js";

/** Content of unknown size that ends after four bytes. */
class EndingReader implements BlobReader {
  readonly size = Number.POSITIVE_INFINITY;
  readonly prove: () => Promise<void>;

  constructor(prove: () => Promise<void>) {
    this.prove = prove;
  }

  async read(into: Buffer, position: number): Promise<number> {
    return position >= 4 ? 0 : into.write("abcd".slice(position));
  }

  async close(): Promise<void> {}
}

async function readAll(reader: BlobReader): Promise<number> {
  const content = await SpanReader.open(reader, wholeBlob);
  const into = Buffer.alloc(10);
  let total = 0;
  for (let count = await content.read(into); count > 0; count = await content.read(into)) total += count;
  return total;
}

test("content of unknown size ends only if it is verified", async () => {
  assert.equal(await readAll(new EndingReader(async () => {})), 4);
  const lost = new Error("the digest is wrong");
  await assert.rejects(readAll(new EndingReader(() => Promise.reject(lost))), lost);
});
