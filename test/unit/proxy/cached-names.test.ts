import assert from "node:assert/strict";
import test from "node:test";
import { parseRepositoryName, type RepositoryName } from "../../../src/oci/repository-name.js";
import { cachedNamesAfter } from "../../../src/proxy/cached-names.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { countCalls } from "../../support/counted-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";

const hub = { name: "docker.io", prefix: "docker.io", namespaces: ["docker.io"], isDefault: true };

/** Cached repositories with a manifest each, shown with the prefix of the default upstream unless they have another. */
async function storageWith(names: readonly string[]) {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 0, new RecordedLog());
  for (const name of names.map(parseRepositoryName)) {
    await storage.owners.recordOwner(name, name.startsWith("ghcr.io/") ? "ghcr.io" : "docker.io");
    await counted.driver.write({ key: `${layout.manifests(name)}/x`, content: Buffer.from("x") });
  }
  return { storage, counted };
}

async function shownNameOf(stored: RepositoryName): Promise<RepositoryName> {
  return stored.startsWith("ghcr.io/") ? stored : parseRepositoryName(`docker.io/${stored}`);
}

async function namesOf(storage: Storage, last?: string, until?: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of cachedNamesAfter(storage, { last, until, upstreams: [hub], shownNameOf })) names.push(name);
  return names;
}

test("names with the prefix of the default upstream and other names form one order", async () => {
  const { storage } = await storageWith(["library/alpine", "a/b", "ghcr.io/owner/image", "zoo/app", "ghcr.io/a/b"]);
  const all = ["docker.io/a/b", "docker.io/library/alpine", "docker.io/zoo/app", "ghcr.io/a/b", "ghcr.io/owner/image"];
  assert.deepEqual(await namesOf(storage), all);
  for (const [index, last] of all.entries()) assert.deepEqual(await namesOf(storage, last), all.slice(index + 1), last);
  assert.deepEqual(await namesOf(storage, undefined, "docker.io/library/alpine"), all.slice(0, 2));
  assert.deepEqual(await namesOf(storage, "docker.io/zzz"), all.slice(3));
});

test("repositories after the wanted names are not read, however many there are", async () => {
  const { storage, counted } = await storageWith(Array.from({ length: 500 }, (_, index) => `ghcr.io/team/app${index}`));
  counted.look();
  assert.deepEqual(await namesOf(storage, undefined, "a"), []);
  assert.ok(counted.look().total < 20);
});
