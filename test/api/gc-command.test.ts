import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { storeBlob } from "../support/blob.js";
import { tryCommand } from "../support/command.js";
import { Scope } from "../support/scope.js";
import { storageOnDisk } from "../support/storage.js";
import { storeImage } from "../support/stored-images.js";

const name = parseRepositoryName("team/app");
const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A data directory with an image and a blob in no manifest, that no server uses, and the command line for it. */
async function prepare(t: TestContext) {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  await storeImage(storage, "kept", { tags: ["v1"] });
  const orphan = await storeBlob(storage, name, Buffer.from("in no manifest"));
  const config = join(await scope.folder("command"), "berth.yml");
  await writeFile(config, JSON.stringify({ storage: { filesystem: { root } } }));
  const gc = (...args: string[]) => tryCommand(process.execPath, [main, "gc", ...args, "--config", config]);
  return { storage, orphan, gc };
}

test("berth gc --json says what goes; a dry run says the same, and changes nothing", async (t) => {
  const { storage, orphan, gc } = await prepare(t);
  const planned = await gc("--json", "--dry-run");
  assert.deepEqual([planned.code, planned.stderr], [0, ""]);
  assert.ok((await storage.index.blobs(name)).includes(orphan));
  const done = await gc("--json");
  const { dryRun, ...plan } = JSON.parse(planned.stdout);
  const { dryRun: wasDry, ...report } = JSON.parse(done.stdout);
  assert.deepEqual([dryRun, wasDry], [true, false]);
  assert.deepEqual(report, plan);
  assert.deepEqual(report, {
    besideServers: false,
    freedBytes: "in no manifest".length,
    trashed: 0,
    repositories: { unchanged: 0, read: 1 },
    deleted: [
      { kind: "blob", repository: "team/app", digest: orphan },
      { kind: "bytes", digest: orphan, bytes: "in no manifest".length },
    ],
    waiting: [],
    problems: [],
  });
  assert.ok(!(await storage.index.blobs(name)).includes(orphan));
});

test("beside a server, berth gc --json says what waits, why and until when", async (t) => {
  const { storage, orphan, gc } = await prepare(t);
  const end = await storage.markWork();
  const { besideServers, deleted, waiting } = JSON.parse((await gc("--json")).stdout);
  await end();
  assert.deepEqual([besideServers, deleted], [true, []]);
  assert.equal(waiting.length, 1);
  const [{ until, ...item }] = waiting;
  assert.deepEqual(item, { kind: "blob", repository: "team/app", digest: orphan, why: "claimed" });
  assert.ok(Date.parse(until) > Date.now() + 23 * 60 * 60_000);
});

test("a dry run of berth gc prints the lines that the run prints, except the last", async (t) => {
  const { gc } = await prepare(t);
  const planned = (await gc("--dry-run")).stdout.split("\n");
  const done = (await gc()).stdout.split("\n");
  assert.deepEqual(planned.slice(0, -2), done.slice(0, -2));
  assert.match(planned.at(-2) ?? "", /would be freed; nothing was changed$/);
  assert.ok(done.includes(`blob eligible for deletion: ${digestOf(Buffer.from("in no manifest"))}`));
});
