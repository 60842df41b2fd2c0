import assert from "node:assert/strict";
import test from "node:test";
import { settingsBelow } from "../../../src/config/definition.js";
import { schema } from "../../../src/config/schema.js";

const settings = settingsBelow(schema).map(({ path, setting }) => ({ name: path.join("."), setting }));

test("every default and every example is right by its own rule", () => {
  for (const { name, setting } of settings) {
    const written = setting.default ?? setting.example;
    assert.notEqual(setting.kind.parse(written, "/srv"), undefined, name);
  }
});

test("every setting can also be said as text, as a variable does", () => {
  for (const { name, setting } of settings) {
    const written = setting.default ?? setting.example;
    const text = Array.isArray(written) ? "" : String(written);
    if (text !== "") assert.deepEqual(setting.kind.parse(text, "/srv"), setting.kind.parse(written, "/srv"), name);
  }
});

test("every setting has a meaning in one line", () => {
  for (const { name, setting } of settings) assert.match(setting.meaning, /^\S.{5,110}\.$/, name);
});

test("no two settings share a variable", () => {
  const variables = settings.map(({ name }) => name.replaceAll(".", "").toLowerCase());
  assert.deepEqual(variables, [...new Set(variables)]);
});
