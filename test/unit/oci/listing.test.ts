import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Page, pageOf } from "../../../src/oci/listing.js";

const all = ["1", "B", "__proto__", "a", "a-b", "a0", "b"];

test("a list that fits on one page is the list itself, not a copy of it", () => {
  assert.equal(pageOf(all, { limit: 7 }).items, all);
  assert.equal(pageOf(all, { limit: 7 }).more, false);
});

test("pages of any size form the whole list, and only the last one says that there is no more", () => {
  for (let limit = 1; limit <= 8; limit++) {
    const seen: string[] = [];
    for (let page: Page | undefined = { limit }; page !== undefined; ) {
      const { items, more } = pageOf(all, page);
      assert.ok(items.length === limit || !more);
      seen.push(...items);
      assert.equal(more, seen.length < all.length);
      page = more ? { limit, last: items.at(-1) ?? "" } : undefined;
    }
    assert.deepEqual(seen, all);
  }
});

test("a page may begin after an item that is no longer in the list", () => {
  for (const last of ["", "0", "A", "_", "a-", "a.", "aa", "b", "c", "\uffff"]) {
    assert.deepEqual(
      pageOf(all, { limit: 100, last }).items,
      all.filter((name) => name > last),
    );
  }
});

test("a page of size zero has no next page, which a client would follow forever", () => {
  for (const page of [{ limit: 0 }, { limit: 0, last: "a" }])
    assert.deepEqual(pageOf(all, page), { items: [], more: false });
});

test("an empty list has an empty page", () => {
  for (const page of [{ limit: 10 }, { limit: 10, last: "a" }])
    assert.deepEqual(pageOf([], page), { items: [], more: false });
});
