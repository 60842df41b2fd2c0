import assert from "node:assert/strict";
import test from "node:test";
import { type Section, type Setting, settingsBelow } from "../../../src/config/definition.js";
import { schema } from "../../../src/config/schema.js";

/** Including those of list items. */
const settings = namedSettings(schema, "");

function namedSettings(parent: Section, above: string): { name: string; setting: Setting }[] {
  return settingsBelow(parent).flatMap(({ path, setting }) => {
    const name = `${above}${path.join(".")}`;
    return setting.type === "list" ? namedSettings(setting.item, `${name}.`) : [{ name, setting }];
  });
}

test("every default and every example is valid", () => {
  for (const { name, setting } of settings) {
    const written = setting.default ?? setting.example;
    assert.notEqual(setting.kind.parse(written, "/srv"), undefined, name);
  }
});

test("every setting can also be given as text, as in a variable", () => {
  for (const { name, setting } of settings) {
    const written = setting.default ?? setting.example;
    const text = Array.isArray(written) ? "" : textOf(written);
    if (text !== "") assert.deepEqual(setting.kind.parse(text, "/srv"), setting.kind.parse(written, "/srv"), name);
  }
});

function textOf(written: unknown): string {
  return typeof written === "object" ? JSON.stringify(written) : String(written);
}

test("every setting has a meaning of one line", () => {
  for (const { name, setting } of settings) assert.match(setting.meaning, /^\S.{5,110}\.$/, name);
});

test("no two settings share a variable", () => {
  const variables = settingsBelow(schema).map(({ path }) => path.join(".").replaceAll(".", "").toLowerCase());
  assert.deepEqual(variables, [...new Set(variables)]);
});
