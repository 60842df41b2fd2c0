import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { compareCaches, lostRows } from "../support/odd-upstreams/comparison.js";
import { comparisonPage } from "../support/odd-upstreams/comparison-page.js";
import { Scope } from "../support/scope.js";

test("Berth pulls through every upstream that another cache pulls through", async (t) => {
  const rows = await compareCaches(new Scope(t));
  const page = comparisonPage(rows);
  t.diagnostic(page);
  // `npm run compare:upstreams` sets the page that users read.
  const { UPSTREAMS_PAGE: file } = process.env;
  if (file !== undefined) await writeFile(file, page);
  assert.deepEqual(lostRows(rows), []);
});
