import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommandResult, tryCommand } from "../support/command.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A running cache of Docker Hub that holds alpine:3 and an index owner/app:1, and the command line beside it. */
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
  await proxy.storage.uses.write();
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
  const { cache, alpine, index } = await runWithImages(new Scope(t));
  const { code, stdout, stderr } = await cache("ls");
  assert.deepEqual([code, stderr], [0, ""]);
  const [heads, ...rows] = stdout.trimEnd().split("\n");
  assert.match(heads ?? "", /^NAME +TAGS +DIGEST +IMAGES +SIZE +LAST USE +CONFIRMED$/);
  const day = new Date().toISOString().slice(0, 10);
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

test("cache ls tells a program all of it, and only the names that begin as asked", async (t) => {
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
