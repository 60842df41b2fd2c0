import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import type { Config } from "../../../src/config/schema.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { adoptRegistry2Cache } from "../../../src/serving/adopt-registry2-cache.js";
import { configWith } from "../../support/config.js";
import { Scope } from "../../support/scope.js";
import { smallImage } from "../../support/small-image.js";
import { storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("library/tool");
const image = smallImage("tool");

/** Adopts a folder with one image; the scheduler's file, if any, lists the given digests. */
async function adopt(t: TestContext, mode: Config["mode"], scheduled: readonly string[] | undefined) {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  await storage.manifests.put(name, image);
  if (scheduled !== undefined) {
    const state = Object.fromEntries(scheduled.map((digest) => [`${name}@${digest}`, {}]));
    await writeFile(join(root, "scheduler-state.json"), JSON.stringify(state));
  }
  const upstreams = [{ name: "docker.io", url: "https://registry-1.docker.io", adopt: "true" }];
  await adoptRegistry2Cache(configWith({ mode, proxy: { upstreams } }), storage, log);
  return {
    owner: await storage.owners.ownerOf(name),
    warnings: log.named("do not run registry:2 as a cache on this folder any more"),
  };
}

const whole = [image.descriptor.digest];

test("a repository that registry:2's scheduler lists completely belongs to the upstream, in both modes with a cache", async (t) => {
  assert.equal((await adopt(t, "proxy", whole)).owner, "docker.io");
  assert.equal((await adopt(t, "hybrid", whole)).owner, "docker.io");
});

test("what it does not list, and content of a folder that was no cache, gets no owner", async (t) => {
  assert.equal((await adopt(t, "proxy", [digestOf(Buffer.from("another"))])).owner, undefined);
  assert.equal((await adopt(t, "proxy", undefined)).owner, undefined);
  assert.equal((await adopt(t, "private", whole)).owner, undefined);
});

test("whoever pushes to a folder of a registry:2 cache is warned not to run that cache again", async (t) => {
  assert.equal((await adopt(t, "hybrid", whole)).warnings.length, 1);
  assert.equal((await adopt(t, "proxy", whole)).warnings.length, 0);
  assert.equal((await adopt(t, "hybrid", undefined)).warnings.length, 0);
});
