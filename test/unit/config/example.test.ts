import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import {
  listOfSections,
  optionalSetting,
  requiredSetting,
  type Section,
  section,
  setting,
  settingsBelow,
} from "../../../src/config/definition.js";
import { exampleFile } from "../../../src/config/example.js";
import { text, wholeNumber } from "../../../src/config/kinds.js";
import { loadConfig } from "../../../src/config/load.js";
import { schema } from "../../../src/config/schema.js";
import { parseYamlSource } from "../../../src/config/yaml-file.js";
import { defaultConfig } from "../../support/config.js";
import { projectRoot } from "../../support/project.js";

const file = join(projectRoot, "config.example.yml");

test("config.example.yml is the output for the schema: run npm run config:example after a change", async () => {
  assert.equal(await readFile(file, "utf8"), exampleFile(schema));
});

test("config.example.yml changes no default", async () => {
  const { config } = await loadConfig({ file, environment: {}, directory: process.cwd() });
  assert.deepEqual(config, defaultConfig());
});

test("config.example.yml has every setting; those without a default are comments that can be uncommented", async () => {
  const written = await readFile(file, "utf8");
  const [introduction = "", ...sections] = written.split("\n\n");
  // A meaning ends with a full stop, a setting does not. In a section that is a comment, settings may be commented
  // twice.
  const takeIn = (text: string) => text.replaceAll(/^( *)# (.*[^.])$/gm, "$1$2");
  const source = [introduction, ...sections.map((each) => takeIn(takeIn(takeIn(each))))].join("\n\n");
  const { tree, problems } = parseYamlSource(source.replaceAll(/^ *# .*$/gm, ""), file);
  assert.deepEqual(problems, []);
  for (const path of pathsBelow(schema)) {
    const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], tree);
    assert.notEqual(value, undefined, path.join("."));
  }
});

/** All settings; for lists, those of the first item. */
function pathsBelow(parent: Section): (string | number)[][] {
  return settingsBelow(parent).flatMap(({ path, setting }) =>
    setting.type === "list" && setting.default.length > 0
      ? pathsBelow(setting.item).map((below) => [...path, 0, ...below])
      : [[...path]],
  );
}

test("a list shows its default items with all their settings, and one more item as a comment", () => {
  const definition = section("Test", {
    friends: listOfSections(
      { meaning: "Friends.", default: [{ name: "ann" }], example: { name: "bob", age: "7" } },
      {
        name: requiredSetting(text, { example: "x", meaning: "Name." }),
        age: setting(wholeNumber(0, 9), { default: 1, meaning: "Age." }),
        pet: optionalSetting(text, { example: "cat", meaning: "Pet." }),
      },
    ),
  });
  const expected = [
    "# Friends.",
    "friends:",
    "  # Name.",
    "  - name: ann",
    "    # Age.",
    "    age: 1",
    "    # Pet.",
    "    # pet: cat",
    "  # - name: bob",
    '  #   age: "7"',
    "",
  ];
  assert.deepEqual(exampleFile(definition).split("\n").slice(-expected.length), expected);
});

test("a setting without a default is shown as a comment", () => {
  const definition = section("Test", { user: optionalSetting(text, { example: "ci", meaning: "Test." }) });
  assert.match(exampleFile(definition), /\n# Test\.\n# user: ci\n$/);
});
