import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { type CommandResult, tryCommand } from "../support/command.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { storageAt } from "../support/storage.js";

const name = parseRepositoryName("library/alpine");
const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A running cache of Docker Hub that holds alpine:3 and an index owner/app:1, and the command line for it. */
async function runWithImages(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const alpine = fake.store.addImage("library/alpine", [seededBytes("alpine", 100_000)], "3");
  const platforms = ["arm64", "amd64"].map((platform) =>
    fake.store.addImage("owner/app", [seededBytes(platform, 50_000)]),
  );
  const index = fake.store.addIndex("owner/app", platforms, "1");
  const proxy = await runProxy(scope, fake.url);
  await pullWhole(proxy.client, "library/alpine", "3");
  await pullWhole(proxy.client, "owner/app", "1");
  await proxy.storage.uses.writeAll();
  const cwd = await scope.folder("command");
  await writeFile(
    join(cwd, "berth.yml"),
    JSON.stringify({ mode: "proxy", storage: { filesystem: { root: proxy.root } } }),
  );
  const cache = (...args: string[]): Promise<CommandResult> =>
    tryCommand(process.execPath, [main, "cache", ...args], { cwd });
  return { fake, ...proxy, alpine, index, cache };
}

test("cache ls lists the images by the names that users write, with tags, digests and sizes", async (t) => {
  const dayBefore = today();
  const { cache, alpine, index } = await runWithImages(new Scope(t));
  const { code, stdout, stderr } = await cache("ls");
  assert.deepEqual([code, stderr], [0, ""]);
  const [heads, ...rows] = stdout.trimEnd().split("\n");
  assert.match(heads ?? "", /^NAME +TAGS +DIGEST +IMAGES +SIZE +LAST USE +CONFIRMED$/);
  // They differ at midnight.
  const day = `(?:${dayBefore}|${today()})`;
  assert.equal(rows.length, 2);
  assert.match(
    rows[0] ?? "",
    new RegExp(`^alpine +3 +${alpine.descriptor.digest.slice(0, 19)} +1 +10\\d.\\d kB +${day} `),
  );
  assert.match(
    rows[1] ?? "",
    new RegExp(`^owner/app +1 +${index.descriptor.digest.slice(0, 19)} +2 +10\\d.\\d kB +${day} `),
  );
});

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

test("cache ls in private mode says why it lists nothing", async (t) => {
  const cwd = await new Scope(t).folder("private");
  const env = { BERTH_STORAGE_FILESYSTEM_ROOT: cwd };
  const { code, stdout, stderr } = await tryCommand(process.execPath, [main, "cache", "ls", "--json"], { cwd, env });
  assert.deepEqual([code, JSON.parse(stdout)], [0, []]);
  assert.match(stderr, /nothing is cached in mode: private/);
});

test("cache ls --json prints everything, and a filter selects names that begin with it", async (t) => {
  const { cache, index } = await runWithImages(new Scope(t));
  const { stdout } = await cache("ls", "owner/", "--json");
  const [image, ...others] = JSON.parse(stdout);
  assert.deepEqual(others, []);
  assert.equal(image.name, "owner/app");
  assert.deepEqual(image.tags, ["1"]);
  assert.equal(image.digest, index.descriptor.digest);
  assert.equal(image.images, 2);
  assert.ok(image.size > 100_000 && image.size < 105_000, image.size);
  for (const time of [image.lastUse, image.confirmed]) assert.ok(Date.now() - Date.parse(time) < 60_000, time);
  assert.deepEqual(JSON.parse((await cache("ls", "alpine", "--json")).stdout)[0].name, "alpine");
});

test("cache rm deletes an image while the server runs, and the next pull downloads it again", async (t) => {
  const { fake, client, storage, alpine, cache } = await runWithImages(new Scope(t));
  const layer = alpine.layers[0]?.digest ?? assert.fail();
  const { code, stdout, stderr } = await cache("rm", "alpine:3");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^deleted alpine:3, 10\d\.\d kB freed\n$/);
  assert.equal(await storage.blobs.storedSize(layer), undefined);
  assert.deepEqual(namesIn(await cache("ls", "--json")), ["owner/app"]);
  fake.ledger.clear();
  await pullWhole(client, "library/alpine", "3");
  // The other image has the same config.
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

test("cache rm also deletes what an interrupted download left of the image", async (t) => {
  const { storage, alpine, cache } = await runWithImages(new Scope(t));
  const layer = alpine.layers[0]?.digest ?? assert.fail();
  await storage.downloads.staged(layer).append(0, onlyPiece(Buffer.alloc(1000)));
  assert.equal((await cache("rm", "alpine:3")).code, 0);
  assert.deepEqual(await storage.downloads.list(), []);
});

test("cache rm of a tag keeps an image that has another tag, and of a digest deletes all its tags", async (t) => {
  const { fake, client, storage, alpine, cache } = await runWithImages(new Scope(t));
  fake.store.tag("library/alpine", "latest", alpine.descriptor.digest);
  await pullWhole(client, "library/alpine", "latest");
  await cache("rm", "docker.io/alpine:3");
  assert.deepEqual(await storage.tags.list(name), ["latest"]);
  await fake.stop();
  await pullWhole(client, "library/alpine", "latest");
  await cache("rm", `alpine@${alpine.descriptor.digest}`);
  assert.deepEqual(await storage.tags.list(name), []);
  assert.equal(await storage.manifests.has(name, alpine.descriptor.digest), false);
});

test("cache rm of a name deletes the whole repository, whose name is then free", async (t) => {
  const { storage, root, cache } = await runWithImages(new Scope(t));
  assert.equal((await cache("rm", "alpine", "owner/app")).code, 0);
  assert.deepEqual(namesIn(await cache("ls", "--json")), []);
  const { storage: fresh } = await storageAt(root);
  assert.equal(await fresh.owners.ownerOf(name), undefined);
  assert.equal(await fresh.repository(name).holdsContent(), false);
  assert.deepEqual(await storage.downloads.list(), []);
});

test("cache rm deletes nothing private, says so, and then deletes nothing else either", async (t) => {
  const scope = new Scope(t);
  const { root, client, alpine, cache } = await runWithImages(scope);
  const mine = await runBerth(scope, { root });
  const image = await pushSmallImage(mine.client, "team/app", "mine", { tag: "1" });
  for (const written of ["team/app", "team/app:1", `team/app@${image.descriptor.digest}`]) {
    const { code, stdout, stderr } = await cache("rm", "alpine:3", written);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /nothing was deleted/);
    assert.ok(stderr.includes(`${written}: team/app was pushed here: it is private`), stderr);
  }
  await pullWhole(mine.client, "team/app", "1");
  await pullWhole(client, "library/alpine", alpine.descriptor.digest);
});

test("cache rm reports what does not exist, is not a name, or is only part of an image", async (t) => {
  const { index, cache } = await runWithImages(new Scope(t));
  const child = JSON.parse(index.bytes.toString()).manifests[0].digest;
  const { code, stderr } = await cache("rm", "alpine:4", "busybox", "Alpine", `owner/app@${child}`);
  assert.equal(code, 1);
  const [, ...problems] = stderr.trimEnd().split("\n");
  assert.deepEqual(
    problems.map((problem) => problem.trim()),
    [
      "alpine:4: library/alpine has no tag 4",
      "busybox: nothing is cached as library/busybox",
      "Alpine: a repository name is lower case",
      `owner/app@${child}: ${child} is part of ${index.descriptor.digest}; delete that`,
    ],
  );
});

function namesIn({ stdout }: CommandResult): string[] {
  return JSON.parse(stdout).map((image: { name: string }) => image.name);
}

async function* onlyPiece(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
