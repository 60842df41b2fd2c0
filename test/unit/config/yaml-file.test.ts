import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { parseYamlSource, readYamlFile } from "../../../src/config/yaml-file.js";
import { Scope } from "../../support/scope.js";

/** Where and why a text is refused. */
function problemsOf(text: string): string[] {
  const { tree, problems } = parseYamlSource(text, "berth.yml");
  assert.equal(tree, undefined);
  assert.ok(problems.length > 0);
  return problems.map(({ where, message }) => `${where} ${message}`);
}

test("every key is located by line and column, in blocks, in braces and behind an alias", () => {
  const text = "mode: private\nserver: &s\n  port: 1\n  tls: { cert: a, key: b }\nlog: *s\n";
  const source = parseYamlSource(text, "berth.yml");
  assert.deepEqual(source.problems, []);
  assert.equal(source.locate(["mode"]), "berth.yml:1:1");
  assert.equal(source.locate(["server", "port"]), "berth.yml:3:3");
  assert.equal(source.locate(["server", "tls", "key"]), "berth.yml:4:19");
  assert.equal(source.locate(["log", "port"]), "berth.yml:3:3");
});

test("a section may take over the keys of another one (<<), and say some of them otherwise", () => {
  const text = "list:\n  - &one { name: a, url: u }\n  - { <<: *one, name: b }\n";
  const source = parseYamlSource(text, "berth.yml");
  assert.deepEqual(source.problems, []);
  assert.deepEqual(source.tree, {
    list: [
      { name: "a", url: "u" },
      { name: "b", url: "u" },
    ],
  });
  assert.equal(source.locate(["list", 1, "url"]), "berth.yml:3:5");
});

test("list items and their keys are located by line and column, with dashes and in brackets", () => {
  const text = "list:\n  - name: a\n    url: b\n  - { name: c, url: d }\nflow: [{ a: 1 }, x]\n";
  const { locate } = parseYamlSource(text, "berth.yml");
  assert.equal(locate(["list", 0]), "berth.yml:2:5");
  assert.equal(locate(["list", 0, "url"]), "berth.yml:3:5");
  assert.equal(locate(["list", 1, "url"]), "berth.yml:4:16");
  assert.equal(locate(["list", 1, "gone"]), "berth.yml:4:5");
  assert.equal(locate(["flow", 1]), "berth.yml:5:18");
  assert.equal(locate(["list", 7, "url"]), "berth.yml:1:1");
});

test("a key that is not written is located at the nearest one above it", () => {
  const source = parseYamlSource("server:\n  tls:\n    cert: a\n", "berth.yml");
  assert.equal(source.locate(["server", "tls", "key"]), "berth.yml:2:3");
  assert.equal(source.locate(["log"]), "berth.yml:1:1");
});

test("a repeated key is refused at its second position", () => {
  assert.match(problemsOf("server:\n  port: 1\n  port: 2\n").join(), /^berth\.yml:3:3 .*unique/);
});

test("each syntax error is reported with its line", () => {
  assert.match(problemsOf("server:\n\tport: 1\n").join("\n"), /^berth\.yml:2:1 .*[Tt]ab/);
  assert.match(problemsOf("mode: 'private\n").join("\n"), /^berth\.yml:\d+:\d+ .*quote/);
  assert.match(problemsOf("mode: private\n---\nmode: proxy\n").join("\n"), /^berth\.yml:2:1 /);
});

test("an unknown tag is refused, since the value is not what was meant", () => {
  assert.match(problemsOf("password: !vault abc\n").join(), /^berth\.yml:1:11 .*tag/);
});

test("aliases that expand to millions of values are refused", () => {
  const levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [name, below] of ["ba", "cb", "dc", "ed", "fe", "gf"].map((pair) => [...pair])) {
    levels.push(`${name}: &${name} [${Array(10).fill(`*${below}`).join(", ")}]`);
  }
  assert.match(problemsOf(levels.join("\n")).join(), /alias/i);
});

test("keys with a meaning in JavaScript are keys like all others", () => {
  const { tree } = parseYamlSource("__proto__: { port: 1 }\nconstructor: 2\n", "berth.yml");
  assert.deepEqual(Object.keys(tree ?? {}), ["__proto__", "constructor"]);
  assert.equal(({} as { port?: number }).port, undefined);
});

test("a file that is missing, is a folder or is not UTF-8 is refused, with its name", async (t) => {
  const folder = await new Scope(t).folder("config");
  await writeFile(join(folder, "latin1.yml"), Buffer.from("mode: priv\xe4te\n", "latin1"));
  const told = async (file: string) =>
    (await readYamlFile(file, folder)).problems.map(({ where, message }) => [where, message]);
  assert.match(String(await told("gone.yml")), /^gone\.yml,cannot be read: there is no file .*gone\.yml \(ENOENT\)/);
  assert.match(String(await told(".")), /^\.,cannot be read: it is a folder; name a file in it$/);
  assert.deepEqual(await told("latin1.yml"), [["latin1.yml", "is not text in UTF-8"]]);
});

test("an empty file, as an editor or a full disk leaves it, is an error and does not mean the defaults", () => {
  for (const text of ["", "\n", "  \n\n", "# mode: private\n", "---\n", "--- \n...\n", "null\n", "~\n", "\ufeff"])
    assert.deepEqual(problemsOf(text), ["berth.yml is empty; to use all defaults, write {} into it, or name no file"]);
  assert.deepEqual(parseYamlSource("{}", "berth.yml").tree, {});
});

test("a second document is reported with its position, and what to do", () => {
  for (const text of ["mode: private\n---\nmode: proxy\n", "---\nmode: private\n---\nmode: proxy\n"]) {
    const [problem = "", ...others] = problemsOf(text);
    assert.match(problem, /^berth\.yml:[23]:\d a second document begins here, but only one is read: remove/);
    assert.deepEqual(others, []);
  }
  assert.deepEqual(parseYamlSource("---\nmode: private\n...\n", "berth.yml").tree, { mode: "private" });
});
