import { strict as assert } from "node:assert";
import { rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { algorithmOf, type Digest, digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-types.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { layout } from "../../../../src/storage/layout.js";
import { type ManifestToPush, manifestOf } from "../../../support/content.js";
import { Scope } from "../../../support/scope.js";
import { SecondProcess } from "../../../support/second-process.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";

const name = parseRepositoryName("team/app");
const manifest = index("one");
const { digest } = manifest.descriptor;

test("a manifest is found byte for byte, in its own repository only", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  for (const algorithm of ["sha256", "sha512"] as const) {
    const pushed = index("two", algorithm);
    await storage.manifests.put(name, pushed);
    const fresh = (await storageAt(root)).storage;
    for (const { manifests } of [storage, fresh]) {
      assert.deepEqual(await manifests.find(name, pushed.descriptor.digest), pushed);
      assert.equal(await manifests.find(parseRepositoryName("team/other"), pushed.descriptor.digest), undefined);
    }
  }
});

test("a removed manifest is missing, and back once it is pushed again", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.manifests.put(name, manifest);
  await storage.repository(name).removeManifest(digest);
  assert.equal(await storage.manifests.find(name, digest), undefined);
  await storage.manifests.put(name, manifest);
  assert.deepEqual(await storage.manifests.find(name, digest), manifest);
});

test("what another process removes is missing at once, although memory still has it", async (t) => {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  const process = await SecondProcess.start(scope, root);
  await storage.manifests.put(name, manifest);
  await process.remove(layout.revisionLink(name, digest));
  assert.equal(await storage.manifests.find(name, digest), undefined);
});

for (const [what, damage] of [
  ["lost", rm],
  ["empty", truncate],
  ["torn", (path: string) => truncate(path, 10)],
  ["full of zeros", (path: string) => writeFile(path, Buffer.alloc(manifest.bytes.length))],
  ["longer", (path: string) => writeFile(path, " ", { flag: "a" })],
] as const) {
  test(`a manifest whose bytes are ${what} is absent, and healed by a push`, async (t) => {
    const { storage, root } = await storageOnDisk(new Scope(t));
    await storage.manifests.put(name, manifest);
    await damage(join(root, layout.blob(digest)));
    const { storage: fresh } = await storageAt(root);
    assert.equal(await fresh.manifests.find(name, digest), undefined);
    await fresh.manifests.put(name, manifest);
    assert.deepEqual(await (await storageAt(root)).storage.manifests.find(name, digest), manifest);
  });
}

test("a push stores a manifest whose bytes were lost, although memory still has them", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await storage.manifests.put(name, manifest);
  await rm(join(root, layout.blob(digest)));
  await storage.manifests.put(name, manifest);
  assert.deepEqual(await (await storageAt(root)).storage.manifests.find(name, digest), manifest);
});

test("what another process stored may not be durable yet, so a push writes it once more, and only once", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const link = join(root, layout.revisionLink(name, digest));
  const { storage: other } = await storageAt(root);
  await other.manifests.put(name, manifest);
  const theirs = (await stat(link)).ino;
  await storage.manifests.put(name, manifest);
  const ours = (await stat(link)).ino;
  assert.notEqual(ours, theirs);
  await storage.manifests.put(name, manifest);
  assert.equal((await stat(link)).ino, ours);
});

test("a linked manifest that is not a JSON object counts as missing; what another registry accepted is found, however odd", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  for (const text of ["", "no JSON", "[]", "{}", '{"schemaVersion":1}']) {
    const isThere = text.startsWith("{");
    const bytes = Buffer.from(text);
    const blob: Digest = digestOf(bytes);
    await storage.driver.write({ key: layout.blob(blob), content: bytes });
    await storage.links.put(layout.revisionLink(name, blob), blob);
    assert.equal((await storage.manifests.find(name, blob)) !== undefined, isThere, text);
  }
});

test("an alias by another algorithm, as linked by the distribution registry, is read", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.manifests.put(name, manifest);
  const alias = digestOf(manifest.bytes, "sha512");
  await storage.links.put(layout.revisionLink(name, alias), digest);
  assert.deepEqual((await storage.manifests.find(name, alias))?.bytes, manifest.bytes);
  assert.equal(algorithmOf((await storage.manifests.find(name, alias))?.descriptor.digest ?? digest), "sha512");
});

test("an alias that points to other content counts as missing", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const other = index("other");
  await storage.manifests.put(name, other);
  await storage.links.put(layout.revisionLink(name, digest), other.descriptor.digest);
  assert.equal(await storage.manifests.find(name, digest), undefined);
});

function index(number: string, algorithm?: "sha256" | "sha512"): ManifestToPush {
  return manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], annotations: { number } }, algorithm);
}
