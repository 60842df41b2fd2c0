import assert from "node:assert/strict";
import test from "node:test";
import { CutOffDetector } from "../../../src/config/cut-off.js";

const whole = "mode: hybrid\nserver:\n  workers: 24\nprivate:\n  delete: false\n";

test("no prefix of the current text is applied automatically, wherever it ends", () => {
  const detector = new CutOffDetector(whole);
  for (let end = 0; end < whole.length; end++)
    assert.notEqual(detector.problemOf(whole.slice(0, end), false), undefined, whole.slice(0, end));
  assert.equal(detector.problemOf(whole, false), undefined);
  assert.equal(detector.problemOf(`${whole}log: { level: debug }\n`, false), undefined);
});

test("a new text that ends in the middle of a line is not applied, even on request", () => {
  const detector = new CutOffDetector(whole);
  assert.match(detector.problemOf("mode: proxy\nserver:\n  workers: 2", true) ?? "", /ends in the middle of a line/);
  assert.equal(detector.problemOf("mode: proxy\n", false), undefined);
});

test("missing lines at the end are intended if someone asks for the reload", () => {
  const detector = new CutOffDetector(whole);
  assert.equal(detector.problemOf("mode: hybrid\n", true), undefined);
});

test("going back to an earlier text removes lines on purpose", () => {
  const detector = new CutOffDetector(whole);
  const longer = `${whole}log: { level: debug }\n`;
  detector.taken(longer);
  assert.equal(detector.problemOf(whole, false), undefined);
});

test("if no file ends with a newline, as with Helm, only a prefix is suspicious", () => {
  const detector = new CutOffDetector("mode: hybrid\nlog: { level: info }");
  assert.equal(detector.problemOf("mode: hybrid\nlog: { level: debug }", false), undefined);
  assert.match(detector.problemOf("mode: hybrid", true) ?? "", /only the beginning of the previous one/);
});

test("without a file, nothing counts as truncated", () => {
  assert.equal(new CutOffDetector(undefined).problemOf(undefined, false), undefined);
});
