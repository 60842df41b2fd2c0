import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

test("ko builds a Go program on a base image in Berth, and pushes the image with its SBOM", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const ends = [`oci:${layout.folder}:index`, `docker://${host}/base:v1`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
  const cwd = await writeProgram(scope);
  // Go's own folders are the machine's, so that its compiler can reuse what it has compiled.
  const env = { KO_DOCKER_REPO: `${host}/built`, KO_DEFAULTBASEIMAGE: `${host}/base:v1` };
  const options = ["--bare", "--insecure-registry", "--platform=linux/amd64,linux/arm64", "--tags=v1"];

  const built = (await runCommand("ko", ["build", ...options, "."], { cwd, env })).trim();

  const [index = "", ...content] = await pullWhole(client, "built", "v1");
  assert.equal(built, `${host}/built:v1@${index}`);
  const ofBase = await pullWhole(client, "base", "v1");
  assert.ok(
    content.some((digest) => ofBase.includes(digest)),
    "the layers of the base are in it",
  );
  assert.ok((await listTags(client, "built")).includes(`${index.replace(":", "-")}.sbom`));
});

async function writeProgram(scope: Scope): Promise<string> {
  const folder = await scope.folder("program");
  await writeFile(join(folder, "go.mod"), "module example.test/hello\n\ngo 1.22\n");
  await writeFile(join(folder, "main.go"), 'package main\n\nfunc main() { println("hello") }\n');
  return folder;
}
