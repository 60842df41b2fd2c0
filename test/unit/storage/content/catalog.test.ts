import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-types.js";
import { parseRepositoryName, type RepositoryName } from "../../../../src/oci/repository-name.js";
import { CatalogPages, holdersOfManifests } from "../../../../src/storage/content/catalog-pages.js";
import type { Storage } from "../../../../src/storage/storage.js";
import { manifestOf } from "../../../support/content.js";
import { Scope } from "../../../support/scope.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";
import { waitUntil } from "../../../support/wait-until.js";

const pages = new WeakMap<Storage, CatalogPages>();

/** All repositories with manifests, as a client that follows the pages sees them. */
async function listed(storage: Storage): Promise<readonly RepositoryName[]> {
  const isShown = async () => true;
  const known =
    pages.get(storage) ?? new CatalogPages(storage.index, (last) => holdersOfManifests(storage.index, last, isShown));
  pages.set(storage, known);
  return (await known.page({ limit: 1_000 })).items;
}

const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [] });

test("repositories are listed in code point order, including nested ones", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const names = ["b", "a/b", "a", "a-b", "a/b/c", "a0", "constructor", "blobs/uploads"];
  for (const name of names) await putManifest(storage, name);
  assert.deepEqual(await listed(storage), [...names].sort());
});

test("a repository is listed once it has its first manifest, even if its blobs came long before", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await putBlob(storage, "early");
  assert.deepEqual(await listed(storage), []);
  await settled(storage);
  await putManifest(storage, "early");
  assert.deepEqual(await listed(storage), ["early"]);
});

test("what another process pushes is listed at once", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const other = (await storageAt(root)).storage;
  await putManifest(storage, "one");
  await settled(storage);
  await putManifest(other, "other");
  assert.deepEqual(await listed(storage), ["one", "other"]);
});

test("the list is the same array until something changes", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await putManifest(storage, "one");
  await settled(storage);
  const before = await listed(storage);
  assert.equal(await listed(storage), before);
});

test("every caller sees what was pushed before, however many read and push at the same time", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      await putManifest(storage, `repository${number}`);
      assert.ok((await listed(storage)).includes(parseRepositoryName(`repository${number}`)));
    }),
  );
});

test("what does not belong among repositories is skipped", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await putManifest(storage, "real");
  const repositories = join(root, "docker/registry/v2/repositories");
  for (const folder of ["lost+found", "UPPER/_manifests", ".hidden/_manifests", "_layers", "nothing/below", "a..b"]) {
    await mkdir(join(repositories, folder), { recursive: true });
  }
  await writeFile(join(repositories, "file"), "no folder");
  await writeFile(join(repositories, ".DS_Store"), "");
  await writeFile(join(repositories, "real", "README.md"), "");
  assert.deepEqual(await listed(storage), ["real"]);
});

async function putManifest(storage: Storage, name: string): Promise<void> {
  const repository = parseRepositoryName(name);
  await storage.manifests.put(repository, index);
  await storage.index.announce(repository, "manifests");
}

async function putBlob(storage: Storage, name: string): Promise<void> {
  const repository: RepositoryName = parseRepositoryName(name);
  const content = Buffer.from(name);
  const staged = storage.uploads.scratch();
  await staged.append(
    0,
    (async function* () {
      yield content;
    })(),
  );
  await storage.repository(repository).addBlob(digestOf(content), staged);
}

/** Waits until the list is remembered: a very recent change could hide another one. */
async function settled(storage: Storage): Promise<void> {
  const generation = async () => (await storage.driver.stat(".berth/catalog"))?.version;
  await waitUntil("the catalog is remembered", generation);
  await listed(storage);
}
