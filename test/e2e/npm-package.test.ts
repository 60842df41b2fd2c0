import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { runCommand } from "../support/command.js";
import { Daemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { copyOfProject } from "../support/project-copy.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";

/** Packs the project as `npm publish` does, and installs the tarball into an empty folder. */
async function installPacked(scope: Scope): Promise<string> {
  const packed = await scope.folder("packed");
  const folder = await scope.folder("installed");
  await runCommand("npm", ["pack", "--silent", "--pack-destination", packed], { cwd: await copyOfProject(scope) });
  const [tarball = "no tarball"] = await readdir(packed);
  await runCommand("npm", ["install", "--silent", "--no-audit", join(packed, tarball)], { cwd: folder });
  return folder;
}

async function pushAndPull(client: RegistryClient): Promise<void> {
  const bytes = Buffer.from("a blob");
  const digest = digestOf(bytes);
  const session = await startUpload(client, "team/app");
  assert.equal((await client.request("PUT", `${session}?digest=${digest}`, { body: bytes })).status, 201);
  assert.deepEqual((await client.get(`/v2/team/app/blobs/${digest}`)).body, bytes);
}

/** The process at the end of the chain of npx and shells. */
function youngestOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean);
  return child === undefined ? pid : youngestOf(Number(child));
}

test("the package that npm packs", async (t) => {
  const scope = new Scope(t);
  const folder = await installPacked(scope);
  const run = (...args: string[]) => runCommand("npx", args, { cwd: folder });

  await t.test("contains what a user reads and what runs, and no source or test", async () => {
    const installed = join(folder, "node_modules/berth-registry");
    const top = await readdir(installed);
    assert.deepEqual(top.sort(), [
      "LICENSE",
      "README.md",
      "config",
      "config.example.yml",
      "dist",
      "docs",
      "package.json",
    ]);
    await access(join(installed, "dist/main.js"));
  });

  await t.test("runs as berth, and under its own name", async () => {
    assert.match(await run("berth", "--help"), /^Usage: berth /);
    assert.equal(await run("berth-registry", "--version"), await run("berth", "--version"));
  });

  await t.test("serves pushes and pulls, and stops with 0", async () => {
    const port = await freePort();
    const daemon = new Daemon(scope, "env", ["--chdir", folder, "npx", "berth", "serve"], {
      BERTH_SERVER_PORT: String(port),
    });
    const client = new RegistryClient(`http://127.0.0.1:${port}`);
    await daemon.ready(() => client.get("/v2/").catch(() => undefined));
    const berth = youngestOf(daemon.pid);
    try {
      await pushAndPull(client);
    } finally {
      // npx passes on no signal, and would leave it running.
      process.kill(berth, "SIGTERM");
    }
    assert.deepEqual(await daemon.exited, { code: 0, signal: undefined });
    assert.ok((await readdir(folder)).includes("data"), "pushed content is in the folder where it was started");
  });
});
