import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import {
  listOfSections,
  nullableSetting,
  optionalSetting,
  requiredSetting,
  section,
  setting,
} from "../../../src/config/definition.js";
import { text, wholeNumber } from "../../../src/config/kinds.js";
import { loadConfig } from "../../../src/config/load.js";
import { ConfigError } from "../../../src/config/problem.js";
import { resolveSettings } from "../../../src/config/resolve.js";
import { valuesOf } from "../../../src/config/resolved.js";
import { readSecretFiles } from "../../../src/config/secret-files.js";
import type { ConfigSource } from "../../../src/config/source.js";
import { describeUnknownKey } from "../../../src/config/unknown-key.js";
import { parseYamlSource } from "../../../src/config/yaml-file.js";
import { Scope } from "../../support/scope.js";

const definition = section("Test", {
  best: nullableSetting(text, { default: "ann", meaning: "Test." }),
  friends: listOfSections(
    { meaning: "Test.", default: [{ name: "ann" }], example: { name: "bob" } },
    {
      name: requiredSetting(text, { example: "x", meaning: "Test." }),
      secret: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
      home: section("Test", { rooms: setting(wholeNumber(1, 9), { default: 3, meaning: "Test." }) }),
    },
  ),
});

const defaults = { secret: undefined, home: { rooms: 3 } };

function resolve(sources: readonly string[], directory = "/"): unknown {
  return valuesOf(resolveSettings(definition, { sources: parsed(sources), directory }));
}

function parsed(sources: readonly string[]): ConfigSource[] {
  return sources.map((source, index) => parseYamlSource(source, `${index}.yml`));
}

function problemsOf(...sources: string[]): string[] {
  try {
    resolve(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n  ").slice(1);
    throw error;
  }
  return [];
}

test("a list that is not given has its default items, each with the defaults of its keys", () => {
  assert.deepEqual(resolve([]), { best: "ann", friends: [{ ...defaults, name: "ann" }] });
});

test("each item has defaults for the keys that it does not give", () => {
  assert.deepEqual(resolve(["friends: [{ name: cid, home: { rooms: 5 } }, { name: dan }]"]), {
    best: "ann",
    friends: [
      { ...defaults, name: "cid", home: { rooms: 5 } },
      { ...defaults, name: "dan" },
    ],
  });
  assert.deepEqual(resolve(["friends: []"]), { best: "ann", friends: [] });
});

test("the last source that gives a list replaces all of it", () => {
  const friends = [{ ...defaults, name: "eve" }];
  assert.deepEqual(resolve(["friends: [{ name: cid }, { name: dan }]", "friends: [{ name: eve }]"]), {
    best: "ann",
    friends,
  });
});

test("a mistake in an item is reported with its number, key and line", () => {
  const text = "friends:\n  - name: cid\n  - name: 5\n    home: { rooms: 0 }\n    nmae: x\n    rooms: 1\n";
  assert.deepEqual(problemsOf(text), [
    "0.yml:3:5: friends[1].name: must be text (in quotes if it looks like a number), not 5",
    "0.yml:4:13: friends[1].home.rooms: must be a whole number from 1 to 9, not 0",
    "0.yml:5:5: friends[1].nmae: unknown key; did you mean friends[1].name?",
    "0.yml:6:5: friends[1].rooms: unknown key here; did you mean friends[0].home.rooms?",
  ]);
});

test("an unknown key of an item is not taken for one of another list", () => {
  const guests = listOfSections(
    { meaning: "Test.", default: [], example: { nights: 1 } },
    { nights: requiredSetting(wholeNumber(1, 9), { example: "1", meaning: "Test." }) },
  );
  const root = section("Test", { ...definition.members, guests });
  const told = describeUnknownKey(["guests", 0, "name"], guests.item, root);
  assert.equal(told, "unknown key; known keys are nights");
});

test("a required key is reported as missing, even in an empty item", () => {
  const missing = "is missing; it must be text (in quotes if it looks like a number)";
  assert.deepEqual(problemsOf("friends:\n  - home: {}\n  - {}\n  -\n"), [
    `0.yml:2:5: friends[0].name: ${missing}`,
    `0.yml:3:5: friends[1].name: ${missing}`,
    `0.yml:4:4: friends[2].name: ${missing}`,
  ]);
});

test("an invalid list of sections is refused without being shown, since it may contain secrets", () => {
  for (const text of ["friends: { secret: hunter2 }", "friends: hunter2", "friends:"]) {
    assert.deepEqual(problemsOf(text), ["0.yml:1:1: friends: must be a list of sections, such as [{name: bob}]"]);
  }
  for (const text of ["friends: [hunter2]", "friends: [[{ secret: hunter2 }]]"]) {
    assert.deepEqual(problemsOf(text), ["0.yml:1:11: friends[0]: must be a section with keys, such as {name: bob}"]);
  }
  assert.doesNotMatch(problemsOf("friends: [{ name: { secret: hunter2 } }]").join(), /hunter2/);
  assert.doesNotMatch(problemsOf("friends: [{ name: [{ secret: hunter2 }] }]").join(), /hunter2/);
});

test("a secret of an item is read from the file named by <key>File", async (t) => {
  const folder = await new Scope(t).folder("secret");
  await writeFile(join(folder, "token"), "s3cret\n");
  const friends = [{ ...defaults, name: "cid", secret: "s3cret" }];
  const sources = parsed(["friends: [{ name: cid, secretFile: token }]"]);
  const secretFiles = await readSecretFiles(definition, sources, folder);
  const values = valuesOf(resolveSettings(definition, { sources, directory: folder, secretFiles }));
  assert.deepEqual(values, { best: "ann", friends });
  assert.deepEqual(problemsOf("friends: [{ name: cid, secret: a, secretFile: token }]"), [
    "0.yml:1:35: friends[0].secretFile: secret is given too; keep one of them",
  ]);
});

test("lists and their items are immutable", () => {
  const { friends } = resolve([]) as { friends: object[] };
  assert.throws(() => friends.push({}), TypeError);
  assert.throws(() => Object.assign(friends[0] ?? {}, { name: "x" }), TypeError);
});

test("null is accepted where it is allowed, also as the word of a variable", () => {
  assert.deepEqual(resolve(["best: null\nfriends: []"]), { best: undefined, friends: [] });
  assert.deepEqual(resolve(["best: 'null'\nfriends: []"]), { best: undefined, friends: [] });
  assert.match(problemsOf("best: 5").join(), /number\), or null, not 5$/);
});

test("a list that is empty by default may be a key with nothing below it", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "retention:\n  policies:\n    # - name: releases\n");
  const { config } = await loadConfig({ environment: {}, directory });
  assert.deepEqual(config.retention.policies, []);
});
