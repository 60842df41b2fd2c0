import assert from "node:assert/strict";
import test from "node:test";
import { fromGoDuration } from "../../../../src/config/registry2/go-duration.js";

test("a Go duration is converted to Berth's units", () => {
  assert.equal(fromGoDuration("168h"), "7d");
  assert.equal(fromGoDuration("1h30m"), "1h30m");
  assert.equal(fromGoDuration("30m1h"), "1h30m");
  assert.equal(fromGoDuration("1.5h"), "1h30m");
  assert.equal(fromGoDuration("250ms"), "250ms");
  assert.equal(fromGoDuration("2000us"), "2ms");
  assert.equal(fromGoDuration("0s"), "0s");
});

test("a bare number is nanoseconds", () => {
  assert.equal(fromGoDuration("60000000000"), "1m");
  assert.equal(fromGoDuration("0"), "0s");
});

test("an invalid Go duration is refused", () => {
  for (const text of ["", "h", "1d", "soon", "1h ", "-1h", "1 h", "1h30"])
    assert.equal(fromGoDuration(text), undefined);
});
