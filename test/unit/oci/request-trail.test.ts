import { strict as assert } from "node:assert";
import { test } from "node:test";
import { traceIdOf } from "../../../src/oci/request-trail.js";

const trace = "0af7651916cd43dd8448eb211c80319c";
const parent = "b7ad6b7169203331";

test("the trace of a request is the second part of its traceparent, whatever a later version adds", () => {
  assert.equal(traceIdOf(`00-${trace}-${parent}-01`), trace);
  assert.equal(traceIdOf(`01-${trace}-${parent}-01-more`), trace);
});

const invalid = {
  "no traceparent": undefined,
  "an empty one": "",
  "one without flags": `00-${trace}-${parent}`,
  "capital letters": `00-${trace.toUpperCase()}-${parent}-01`,
  "a trace of zeros": `00-${"0".repeat(32)}-${parent}-01`,
  "a parent of zeros": `00-${trace}-${"0".repeat(16)}-01`,
  "the forbidden version": `ff-${trace}-${parent}-01`,
  "more than version 00 has": `00-${trace}-${parent}-01-more`,
  "two headers in one": `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`,
  "a line break": `00-${trace}-${parent}-01\n`,
};

for (const [what, traceparent] of Object.entries(invalid)) {
  test(`${what} contains no valid trace`, () => {
    assert.equal(traceIdOf(traceparent), undefined);
  });
}
