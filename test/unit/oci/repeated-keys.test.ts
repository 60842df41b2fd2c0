import { strict as assert } from "node:assert";
import { test } from "node:test";
import { hasRepeatedKeys } from "../../../src/oci/repeated-keys.js";

function isRepeating(json: string): boolean {
  return hasRepeatedKeys(Buffer.from(json), JSON.parse(json));
}

for (const json of [
  '{"a":1,"a":1}',
  '{"a":{"b":[{"c":1,"d":2,"c":3}]}}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":1,"__proto__":2}',
  '[{"":0,"":0}]',
]) {
  test(`${json} has a key twice`, () => assert.equal(isRepeating(json), true));
}

for (const json of [
  "null",
  "[]",
  '":"',
  '{"a":":","b":"\\":\\\\","c":{"a":[null,":",{"a":1}]}}',
  '{"__proto__":1,"constructor":{"__proto__":2}}',
  '{"a":1,"A":2}',
  '{"1":1,"01":1}',
  '{ "é" : "\\ud800" }',
]) {
  test(`${json} has each key once`, () => assert.equal(isRepeating(json), false));
}

test("nesting deeper than calls can be is walked", () => {
  const json = `${'{"a":['.repeat(200_000)}${"]}".repeat(200_000)}`;
  assert.equal(isRepeating(json), false);
  assert.equal(isRepeating(json.replace('"a"', '"a":1,"a"')), true);
});
