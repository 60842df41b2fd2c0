import { strict as assert } from "node:assert";
import { test } from "node:test";
import { nextLink } from "../../../src/upstream/pages.js";

for (const [header, target] of [
  ['</v2/a/tags/list?n=1&last=b>; rel="next"', "/v2/a/tags/list?n=1&last=b"],
  ["</next>; rel=next", "/next"],
  ["</next> ;REL = NEXT", "/next"],
  ['</prev>; rel="prev", </next>; rel="next"', "/next"],
  ['</a>; title="rel=next, really"; rel="prev", </b>; rel="last next"', "/b"],
  ["</a,b;c>; rel=next", "/a,b;c"],
  ['</next>; rel="nextish"', undefined],
  ["</next>; rel=nextish", undefined],
  ["</next>", undefined],
  ["/next; rel=next", undefined],
  ["", undefined],
] as const) {
  test(`in ${header || "nothing"} the next page is ${target}`, () => {
    assert.equal(nextLink(header), target);
  });
}

test("a header of any length is parsed quickly", () => {
  assert.equal(nextLink(`<${"<".repeat(1_000_000)}`), undefined);
  assert.equal(nextLink(`<a>;${'"'.repeat(1_000_001)}`), undefined);
  assert.equal(nextLink(`<a>${"; rel".repeat(1_000_000)}`), undefined);
});
