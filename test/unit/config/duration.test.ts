import assert from "node:assert/strict";
import test from "node:test";
import { parseDuration } from "../../../src/config/duration.js";

test("a duration is parsed into milliseconds, its units from large to small", () => {
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration("90s"), 90_000);
  assert.equal(parseDuration("5m"), 300_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("7d"), 604_800_000);
  assert.equal(parseDuration("1d2h3m4s5ms"), 93_784_005);
  assert.equal(parseDuration("0s"), 0);
});

test("a text without a unit, or with an unknown one, is not a duration", () => {
  for (const text of ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "30m1h", "1m1m", "5y", "1e3s", "9007199254740993s"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
