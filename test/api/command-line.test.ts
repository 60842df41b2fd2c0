import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommandResult, tryCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** Runs `berth` in an empty folder, or in one with a berth.yml. */
async function berth(t: TestContext, args: readonly string[], file?: string): Promise<CommandResult> {
  const cwd = await new Scope(t).folder("command");
  if (file !== undefined) await writeFile(join(cwd, "berth.yml"), file);
  return tryCommand(process.execPath, [main, ...args], { cwd });
}

test("--version prints the version of package.json and nothing else", async (t) => {
  const { version } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8"));
  assert.deepEqual(await berth(t, ["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help of every command describes its usage", async (t) => {
  for (const command of [
    [],
    ["serve"],
    ["config"],
    ["config", "check"],
    ["config", "print"],
    ["config", "example"],
    ["cache"],
    ["cache", "warm"],
    ["setup"],
    ["cache", "ls"],
    ["cache", "rm"],
  ]) {
    const { code, stdout, stderr } = await berth(t, [...command, "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`Usage: ${["berth", ...command].join(" ")} `), stdout);
  }
});

test("--help fits a terminal of 120 columns and shows examples", async (t) => {
  const { stdout } = await berth(t, ["--help"]);
  assert.match(stdout, /Examples:\n {2}berth serve /);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 120, line);
});

test("a wrong command line exits with 2 and prints a sentence", async (t) => {
  for (const args of [["sevre"], ["serve", "--prot", "1"], ["config", "check", "a", "b"], ["serve", "--config"]]) {
    const { code, stdout, stderr } = await berth(t, args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^error: .+\n/);
  }
});

test("berth without a command prints its help as an error", async (t) => {
  const { code, stdout, stderr } = await berth(t, []);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: berth /);
});

test("config check reports which file is valid", async (t) => {
  assert.deepEqual(await berth(t, ["config", "check"], "server: { port: 1 }\n"), {
    code: 0,
    stdout: "berth.yml: no problems\n",
    stderr: "",
  });
});

test("config check and config print take their file as serve does: as an argument, or by --config, but not both", async (t) => {
  const empty = "server: { port: 1 }\n";
  for (const option of ["--config", "-c"]) {
    assert.equal((await berth(t, ["config", "check", option, "berth.yml"], empty)).stdout, "berth.yml: no problems\n");
    assert.match((await berth(t, ["config", "print", option, "berth.yml"], empty)).stdout, /port: 1\b.*berth\.yml/);
  }
  for (const command of ["check", "print"]) {
    assert.equal((await berth(t, ["config", command, "--config", "missing.yml"], empty)).code, 1);
    const both = await berth(t, ["config", command, "berth.yml", "--config", "berth.yml"], empty);
    assert.deepEqual([both.code, both.stdout], [2, ""]);
  }
});

test("config check exits with 1 and reports all problems plainly, without a stack", async (t) => {
  const { code, stdout, stderr } = await berth(t, ["config", "check"], "server: { port: x }\nmodes: proxy\n");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.deepEqual(stderr.split("\n"), [
    "berth: 2 problems in the configuration",
    "  berth.yml:1:11: server.port: must be a whole number from 0 to 65535, not 'x'",
    "  berth.yml:2:1: modes: unknown key; did you mean mode?",
    "",
  ]);
});

test("serve does not start with an invalid configuration", async (t) => {
  const { code, stdout, stderr } = await berth(t, ["serve"], "server: { port: x }\n");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^berth: 1 problem in the configuration\n {2}berth\.yml:1:11: server\.port: /);
});

test("config print shows the settings in effect and their sources", async (t) => {
  const { code, stdout, stderr } = await berth(t, ["config", "print"], "server:\n  port: 5001\n");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^ {2}port: 5001 # berth\.yml:2:3$/m);
  assert.match(stdout, /^mode: private$/m);
});

test("config example prints config.example.yml", async (t) => {
  const expected = await readFile(join(projectRoot, "config.example.yml"), "utf8");
  assert.deepEqual(await berth(t, ["config", "example"]), { code: 0, stdout: expected, stderr: "" });
});

test("a reader that leaves, such as head, is not an error", async () => {
  const child = spawn(process.execPath, [main, "config", "example"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  assert.deepEqual([code, stderr], [0, ""]);
});

test("berth owner takes an image as docker pull does, with its tag or digest", async (t) => {
  for (const image of ["library/alpine", "library/alpine:3.20", `library/alpine@sha256:${"a".repeat(64)}`]) {
    const { code, stdout } = await berth(t, ["owner", image], "mode: proxy\n");
    assert.equal(code, 0, image);
    assert.match(stdout, /^library\/alpine is cached from docker\.io: /, image);
  }
});

test("config check says when no rule lets anyone push", async (t) => {
  const rules = "access: { anonymousPull: true, users: { htpasswd: u }, rules: [{ allow: cache, to: everyone }";
  const forgotten = await berth(t, ["config", "check"], `mode: hybrid\n${rules}] }\n`);
  assert.equal(forgotten.code, 0);
  assert.match(forgotten.stdout, /note: nobody may push, since no rule in access\.rules allows it/);
  const meant = await berth(t, ["config", "check"], `mode: hybrid\n${rules}, { allow: push, to: authenticated }] }\n`);
  assert.doesNotMatch(meant.stdout, /note/);
});

test("in a folder that has been deleted, each command says so in a sentence", async (t) => {
  const folder = await new Scope(t).folder("deleted");
  for (const args of ["serve", "config check", "gc"]) {
    const script = `mkdir '${folder}/gone' && cd '${folder}/gone' && rmdir '${folder}/gone' && exec "$0" '${main}' ${args}`;
    const { code, stderr } = await tryCommand("sh", ["-c", script, process.execPath]);
    assert.deepEqual(
      [code, stderr],
      [1, "berth: the folder that this runs in has been deleted: change to another one (cd)\n"],
    );
  }
});
