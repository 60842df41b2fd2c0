import { strict as assert } from "node:assert";
import { test } from "node:test";
import { PartSizes } from "../../../../../src/storage/drivers/s3/part-sizes.js";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

for (const size of [1, 5 * GiB, 5 * GiB + 1, 12 * GiB, 5 * TiB]) {
  test(`a blob of ${size} bytes fits into 10,000 parts of at most 5 GiB, without gaps`, () => {
    const spans = new PartSizes({ partSize: 8 * MiB, equalParts: false }).spansOf(size);
    assert.ok(spans.length <= 10_000);
    let position = 0;
    for (const [index, { start, end }] of spans.entries()) {
      assert.equal(start, position);
      assert.ok(end - start <= 5 * GiB);
      assert.ok(end - start >= 5 * MiB || index === spans.length - 1);
      position = end;
    }
    assert.equal(position, size);
  });
}

test("where a store wants equal parts, only the last one differs", () => {
  const spans = new PartSizes({ partSize: 8 * MiB, equalParts: true }).spansOf(20 * GiB + 1);
  assert.deepEqual(new Set(spans.slice(0, -1).map(({ start, end }) => end - start)), new Set([8 * MiB]));
});
