import { strict as assert } from "node:assert";
import { test } from "node:test";
import { oneAhead } from "../../../src/foundation/one-ahead.js";

test("all items come in their order, and a source that is left early is closed", async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* [1, 2, 3];
    } finally {
      isClosed = true;
    }
  }
  const all: number[] = [];
  for await (const item of oneAhead(source())) all.push(item);
  assert.deepEqual(all, [1, 2, 3]);
  isClosed = false;
  for await (const _ of oneAhead(source())) break;
  assert.equal(isClosed, true);
});
