import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { optionalSection, optionalSetting, requiredSetting, section, setting } from "../../../src/config/definition.js";
import { filePath, listOf, text, wholeNumber } from "../../../src/config/kinds.js";
import { ConfigError } from "../../../src/config/problem.js";
import { resolveSettings } from "../../../src/config/resolve.js";
import { valuesOf } from "../../../src/config/resolved.js";
import { readSecretFiles } from "../../../src/config/secret-files.js";
import type { ConfigSource } from "../../../src/config/source.js";
import { Scope } from "../../support/scope.js";

const definition = section("Test", {
  name: setting(text, { default: "berth", meaning: "Test." }),
  server: section("Test", {
    port: setting(wholeNumber(0, 9), { default: 5, meaning: "Test." }),
    tags: setting(listOf(text), { default: [], meaning: "Test." }),
    tls: optionalSection("Test", {
      cert: requiredSetting(filePath, { example: "a", meaning: "Test." }),
      key: requiredSetting(filePath, { example: "b", meaning: "Test." }),
    }),
  }),
  account: section("Test", {
    user: optionalSetting(text, { example: "x", meaning: "Test." }),
    password: optionalSetting(text, { example: "y", meaning: "Test.", secret: true }),
  }),
});

const defaults = {
  name: "berth",
  server: { port: 5, tags: [], tls: undefined },
  account: { user: undefined, password: undefined },
};

/** A source that describes a position by its own name and the path. */
function source(tree: unknown, name = "file"): ConfigSource {
  return { tree, problems: [], locate: (path) => [name, ...path].join("/") };
}

function resolve(...sources: ConfigSource[]): unknown {
  return valuesOf(resolveSettings(definition, { sources, directory: "/srv" }));
}

async function resolveWithFiles(sources: readonly ConfigSource[], directory = "/srv"): Promise<unknown> {
  const secretFiles = await readSecretFiles(definition, sources, directory);
  return valuesOf(resolveSettings(definition, { sources, directory, secretFiles }));
}

async function problemsWithFiles(...sources: ConfigSource[]): Promise<string> {
  return resolveWithFiles(sources).then(
    () => "",
    (error: unknown) => String(error),
  );
}

function problemsOf(...sources: ConfigSource[]): string[] {
  try {
    resolve(...sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => `${problem.where}: ${problem.message}`);
    throw error;
  }
  return [];
}

test("a setting that is not given has its default, even if its section is written but empty", () => {
  assert.deepEqual(resolve(), defaults);
  assert.deepEqual(resolve(source(undefined), source(null)), defaults);
  assert.deepEqual(resolve(source({ server: null, account: {} })), defaults);
});

test("the last source that gives a setting decides, and only for that setting", () => {
  const file = source({ name: "one", server: { port: 1, tags: ["a", "b"] } });
  const environment = source({ server: { tags: "c" } }, "environment");
  assert.deepEqual(resolve(file, environment), {
    ...defaults,
    name: "one",
    server: { port: 1, tags: ["c"], tls: undefined },
  });
});

test("an optional section is complete or absent", () => {
  assert.deepEqual(resolve(source({ server: { tls: {} } })), defaults);
  const tls = source({ server: { tls: { cert: "cert.pem", key: "/key.pem" } } });
  assert.deepEqual(resolve(tls), {
    ...defaults,
    server: { ...defaults.server, tls: { cert: "/srv/cert.pem", key: "/key.pem" } },
  });
  const expected = ["file/server/tls/cert: is missing; it must be the path of a file or folder"];
  assert.deepEqual(problemsOf(source({ server: { tls: { cert: "cert.pem" } } })), expected);
});

test("the parts of an optional section may come from two sources", () => {
  const file = source({ server: { tls: { cert: "/cert.pem" } } });
  const environment = source({ server: { tls: { key: "/key.pem" } } });
  assert.deepEqual(problemsOf(file, environment), []);
});

test("a configuration is immutable, including its lists", () => {
  const config = resolve(source({ server: { tags: ["a"] } })) as { server: { port: number; tags: string[] } };
  assert.throws(() => Object.assign(config, { name: "x" }), TypeError);
  assert.throws(() => Object.assign(config.server, { port: 1 }), TypeError);
  assert.throws(() => config.server.tags.push("b"), TypeError);
});

test("all mistakes of all sources are reported at once, in reading order", () => {
  const file = source({ name: 5, server: { port: 10, prot: 1 }, account: [], port: 1, nothingLikeIt: 1 });
  const broken = { ...source(undefined), problems: [{ where: "broken", path: [], message: "is no YAML" }] };
  assert.deepEqual(problemsOf(file, broken, source({ server: { port: "x" } }, "variable")), [
    "file/account: must be a section with keys, not []",
    "file/name: must be text (in quotes if it looks like a number), not 5",
    "file/nothingLikeIt: unknown key; known keys are name, server, account",
    "file/port: unknown key here; did you mean server.port?",
    "file/server/prot: unknown key; did you mean server.port?",
    "broken: is no YAML",
    "variable/server/port: must be a whole number from 0 to 9, not 'x'",
  ]);
});

test("a null in place of a value is a mistake, and does not mean the default", () => {
  assert.deepEqual(problemsOf(source({ server: { port: null } })), [
    "file/server/port: must be a whole number from 0 to 9, not null",
  ]);
});

test("keys that every object inherits are unknown keys", () => {
  const tree: unknown = JSON.parse('{"__proto__": {"name": "x"}, "constructor": 1, "server": {"toString": 1}}');
  assert.deepEqual(
    problemsOf(source(tree)).map((problem) => problem.split(";")[0]),
    ["file/__proto__: unknown key", "file/constructor: unknown key", "file/server/toString: unknown key"],
  );
});

test("a secret is read from the file named by <key>File, without the final newline", async (t) => {
  const folder = await new Scope(t).folder("secret");
  await writeFile(join(folder, "password"), "  s3cret \n");
  const sources = [source({ account: { passwordFile: "password" } })];
  const values = await resolveWithFiles(sources, folder);
  assert.deepEqual(values, { ...defaults, account: { user: undefined, password: "  s3cret " } });
});

test("a secret from a file in a later source overrides one in an earlier source", async (t) => {
  const file = join(await new Scope(t).folder("secret"), "password");
  await writeFile(file, "new");
  const sources = [source({ account: { password: "old" } }), source({ account: { passwordFile: file } })];
  const values = await resolveWithFiles(sources);
  assert.deepEqual(values, { ...defaults, account: { user: undefined, password: "new" } });
});

test("a secret together with its file in one source, a missing file and an empty one are refused", async (t) => {
  const folder = await new Scope(t).folder("secret");
  await writeFile(join(folder, "empty"), "\n");
  assert.deepEqual(problemsOf(source({ account: { password: "a", passwordFile: "b" } })), [
    "file/account/passwordFile: password is given too; keep one of them",
  ]);
  const [gone, empty] = ["gone", "empty"].map((name) => source({ account: { passwordFile: join(folder, name) } }));
  assert.ok(gone && empty);
  assert.match(
    await problemsWithFiles(gone),
    /file\/account\/passwordFile: .*cannot be read: there is no file .* \(ENOENT\)/,
  );
  assert.match(await problemsWithFiles(empty), /file\/account\/passwordFile: .*must be text/);
});

test("only secrets may be read from files", () => {
  assert.deepEqual(problemsOf(source({ account: { userFile: "x" } })), [
    "file/account/userFile: unknown key; known keys are user, password, passwordFile",
  ]);
});

test("no message contains a secret", () => {
  assert.deepEqual(problemsOf(source({ account: { password: 12_345 } })), [
    "file/account/password: must be text (in quotes if it looks like a number)",
  ]);
});
