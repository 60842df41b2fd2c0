import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { optionalSetting, section, settingsBelow } from "../../../src/config/definition.js";
import { exampleFile } from "../../../src/config/example.js";
import { text } from "../../../src/config/kinds.js";
import { loadConfig } from "../../../src/config/load.js";
import { schema } from "../../../src/config/schema.js";
import { parseYamlSource } from "../../../src/config/yaml-file.js";
import { defaultConfig } from "../../support/config.js";
import { projectRoot } from "../../support/project.js";

const file = join(projectRoot, "config.example.yml");

test("config.example.yml is what the schema writes: npm run config:example after a change", async () => {
  assert.equal(await readFile(file, "utf8"), exampleFile(schema));
});

test("config.example.yml says nothing but the defaults", async () => {
  const { config } = await loadConfig({ file, environment: {}, directory: process.cwd() });
  assert.deepEqual(config, defaultConfig());
});

test("config.example.yml has every setting, those without a default as comments that can be taken in", async () => {
  const written = await readFile(file, "utf8");
  const { tree, problems } = parseYamlSource(written.replaceAll(/^( *)# (tls:| {2}(?:cert|key):)/gm, "$1$2"), file);
  assert.deepEqual(problems, []);
  for (const { path } of settingsBelow(schema)) {
    const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], tree);
    assert.notEqual(value, undefined, path.join("."));
  }
});

test("a setting without a default is shown as a comment", () => {
  const definition = section("Test", { user: optionalSetting(text, { example: "ci", meaning: "Test." }) });
  assert.match(exampleFile(definition), /\n# Test\.\n# user: ci\n$/);
});
