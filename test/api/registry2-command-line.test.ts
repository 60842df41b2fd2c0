import assert from "node:assert/strict";
import { stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommandResult, tryCommand } from "../support/command.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

const settings = ["version: 0.1", "storage: { filesystem: { rootdirectory: /srv } }", "http: { addr: ':5000' }"];
const guarded = [...settings, "auth: { silly: { realm: r, service: s } }"];

interface Called {
  readonly name?: string;
  readonly file?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs Berth under a name in a folder with config.yml. */
async function call(t: TestContext, args: readonly string[], called: Called = {}): Promise<CommandResult> {
  const { name = "berth", file = settings, env } = called;
  const cwd = called.cwd ?? (await new Scope(t).folder("command"));
  await writeFile(join(cwd, "config.yml"), file.join("\n"));
  await symlink(main, join(cwd, name));
  return tryCommand(process.execPath, [join(cwd, name), ...args], { cwd, ...(env && { env }) });
}

test("called registry or docker-registry, it prints its version as they do", async (t) => {
  for (const name of ["registry", "docker-registry"]) {
    for (const option of ["--version", "-v"]) {
      const { code, stdout } = await call(t, [option], { name });
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^${name} berth \\d+\\.\\d+\\.\\d+\\n$`));
    }
  }
});

test("registry serve takes its file as an argument, by variable, and as the only argument", async (t) => {
  const file = guarded;
  for (const [args, env] of [
    [["serve", "config.yml"], {}],
    [["serve"], { REGISTRY_CONFIGURATION_PATH: "config.yml" }],
    [["config.yml"], {}],
  ] as const) {
    const { code, stderr } = await call(t, args, { name: "registry", file, env });
    assert.equal(code, 1);
    assert.match(stderr, /config\.yml:4:9: auth\.silly: accepts any credentials/);
  }
  const { code, stderr } = await call(t, ["serve"], { name: "registry", file });
  assert.equal(code, 1);
  assert.match(stderr, /^berth: no settings file: run registry serve FILE/);
});

test("berth serve takes a file as an argument, but not two", async (t) => {
  const { code, stderr } = await call(t, ["serve", "config.yml"], { file: guarded });
  assert.equal(code, 1);
  assert.match(stderr, /auth\.silly/);
  const both = await call(t, ["serve", "config.yml", "--config", "config.yml"], { file: guarded });
  assert.equal(both.code, 2);
  assert.match(both.stderr, /^error: two settings files are given/);
});

test("config check says what became of each setting of registry:2", async (t) => {
  const env = { REGISTRY_STORAGE_DELETE_ENABLED: "true", REGISTRY_HTTP_SECRET: "x", REGISTRY_URL: "x" };
  const { code, stdout } = await call(t, ["config", "check", "config.yml"], { env });
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n"), [
    "config.yml: no problems",
    "Taken over from registry:2:",
    "  storage.filesystem.rootdirectory (config.yml:2:26) is storage.filesystem.root",
    "  storage.delete.enabled (REGISTRY_STORAGE_DELETE_ENABLED) is private.delete",
    "  http.addr (config.yml:3:9) is server.port; on every address",
    "Not needed here:",
    "  http.secret (REGISTRY_HTTP_SECRET): the state of an upload is in the storage, not in a signed URL",
    "Unknown to registry:2 too:",
    "  REGISTRY_URL: no setting of registry:2 has this name; registry:2 would ignore it too",
    "",
  ]);
});

test("config import writes a file that only its owner may read, and never overwrites one", async (t) => {
  const cwd = await new Scope(t).folder("command");
  const { code, stdout } = await call(t, ["config", "import", "config.yml", "--output", "berth.yml"], { cwd });
  assert.deepEqual([code, stdout], [0, ""]);
  assert.equal((await stat(join(cwd, "berth.yml"))).mode & 0o777, 0o600);
  const again = await tryCommand(process.execPath, [main, "config", "import", "config.yml", "-o", "berth.yml"], {
    cwd,
  });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /berth\.yml/);
  const native = await tryCommand(process.execPath, [main, "config", "import", "berth.yml"], { cwd });
  assert.equal(native.code, 1);
  assert.match(
    native.stderr,
    /^berth: there are no settings of registry:2 to import: berth\.yml does not say version: 0\.1/,
  );
});

test("flags accept =true and =false, as Helm charts for registry:2 write them, before and after the file", async (t) => {
  const folder = await new Scope(t).folder("data");
  const file = ["version: 0.1", `storage: { filesystem: { rootdirectory: ${folder} } }`];
  for (const [args, isDry] of [
    [["--delete-untagged=true", "config.yml"], false],
    [["--delete-untagged=false", "--dry-run=false", "config.yml"], false],
    [["config.yml", "--dry-run=true", "-m"], true],
    [["-m=true", "config.yml", "-d"], true],
    [["--dry-run=1", "-q=F", "config.yml"], true],
  ] as const) {
    for (const name of ["registry", "berth"]) {
      const { code, stdout, stderr } = await call(t, ["garbage-collect", ...args], { name, file });
      assert.equal(code, 0, stderr);
      assert.equal(stdout.includes("nothing was changed"), isDry, `${name} ${args.join(" ")}: ${stdout}`);
    }
  }
  const wrong = await call(t, ["garbage-collect", "--dry-run=maybe", "config.yml"], { name: "registry", file });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /--dry-run must be true or false, not "maybe"/);
});
