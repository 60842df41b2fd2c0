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

/** Adopts in a folder with one image, of which a scheduler names the given digests, if there was one. */
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

test("a repository of which registry:2's scheduler names all is the upstream's, in both modes that cache", async (t) => {
  assert.equal((await adopt(t, "proxy", whole)).owner, "docker.io");
  assert.equal((await adopt(t, "hybrid", whole)).owner, "docker.io");
});

test("what it does not name, and what lies where no cache was, stays nobody's", async (t) => {
  assert.equal((await adopt(t, "proxy", [digestOf(Buffer.from("another"))])).owner, undefined);
  assert.equal((await adopt(t, "proxy", undefined)).owner, undefined);
  assert.equal((await adopt(t, "private", whole)).owner, undefined);
});

test("who pushes beside what registry:2 cached is warned of letting it cache there again", async (t) => {
  assert.equal((await adopt(t, "hybrid", whole)).warnings.length, 1);
  assert.equal((await adopt(t, "proxy", whole)).warnings.length, 0);
  assert.equal((await adopt(t, "hybrid", undefined)).warnings.length, 0);
});
