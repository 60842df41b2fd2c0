import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import { linkTo } from "../../../src/storage/link-store.js";
import type { Storage } from "../../../src/storage/storage.js";
import { removeUnlinked } from "../../../src/storage/unlinked-blobs.js";
import { manifestOf, seededBytes } from "../../support/content.js";
import { Scope } from "../../support/scope.js";
import { seededRandom } from "../../support/seeded-random.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

const mine = parseRepositoryName("team/app");
const rounds = 80;

async function store(storage: Storage, content: Buffer): Promise<void> {
  await storage.driver.write({ key: layout.blob(digestOf(content)), content });
}

/** Bytes without a link are removed by one storage, while another on the same folder does something with them at some moment. */
async function race(t: TestContext, act: (storage: Storage, content: Buffer) => Promise<boolean>): Promise<void> {
  const { storage: evictor, root } = await storageOnDisk(new Scope(t));
  const { storage } = await storageAt(root);
  const outcomes = { held: 0, lost: 0 };
  const random = seededRandom(1);
  for (let round = 0; round < rounds; round++) {
    const content = seededBytes(`${round}`, 2_000);
    await store(storage, content);
    const startedAt = performance.now();
    const removing = removeUnlinked(evictor, [digestOf(content)]);
    const startAt = startedAt + random() * 4;
    while (performance.now() < startAt) await setImmediate();
    const isHeld = await act(storage, content);
    const freed = await removing;
    outcomes[isHeld ? "held" : "lost"]++;
    // What one process was told holds for all, and goes on to hold.
    for (const one of [storage, evictor]) {
      assert.equal((await one.blobs.storedSize(digestOf(content))) !== undefined, isHeld, `round ${round}`);
    }
    if (!isHeld) assert.equal(freed, content.length);
    assert.deepEqual(await storage.blobs.listAside(), []);
  }
  t.diagnostic(`held ${outcomes.held} times, lost ${outcomes.lost} times`);
}

test("who links bytes while they are removed is told the truth: they stay, or they are gone", async (t) => {
  await race(t, (storage, content) => storage.linkBlob(mine, digestOf(content)));
});

test("a manifest that is stored while its bytes are removed stays", async (t) => {
  await race(t, async (storage, bytes) => {
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    await storage.manifests.put(mine, { descriptor, bytes });
    return true;
  });
});

test("a blob that is stored while its bytes are removed stays", async (t) => {
  await race(t, async (storage, bytes) => {
    const staged = storage.uploads.scratch();
    await staged.append(0, only(bytes));
    await storage.addBlob(mine, digestOf(bytes), staged);
    return true;
  });
});

test("bytes stay that any repository has a link to, as a blob or as a manifest", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [blob, manifest, free] = [seededBytes("blob", 10), seededBytes("manifest", 10), seededBytes("free", 10)];
  for (const content of [blob, manifest, free]) await store(storage, content);
  await storage.driver.write(
    linkTo(layout.layerLink(mine, digestOf(blob)), digestOf(blob)),
    linkTo(layout.revisionLink(mine, digestOf(manifest)), digestOf(manifest)),
  );
  assert.equal(
    await removeUnlinked(
      storage,
      [blob, manifest, free].map((content) => digestOf(content)),
    ),
    10,
  );
  assert.equal(await storage.blobs.storedSize(digestOf(free)), undefined);
  for (const content of [blob, manifest]) assert.equal(await storage.blobs.storedSize(digestOf(content)), 10);
});

test("bytes stay that distribution linked below the digest of another algorithm", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const content = manifestOf({ mediaType: mediaTypes.ociManifest }).bytes;
  await store(storage, content);
  const other = digestOf(content, "sha512");
  await storage.driver.write(linkTo(layout.layerLink(mine, other), digestOf(content)));
  assert.equal(await removeUnlinked(storage, [digestOf(content)]), 0);
  assert.equal(await storage.blobs.storedSize(digestOf(content)), content.length);
});

test("a blob that was removed is absent, also for who had it in memory, here and in another process", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  const content = seededBytes("content", 100);
  await store(storage, content);
  for (const one of [storage, other]) await (await one.blobs.open(digestOf(content)))?.close();
  await removeUnlinked(storage, [digestOf(content)]);
  for (const one of [storage, other]) assert.equal(await one.blobs.size(digestOf(content)), undefined);
  assert.equal(await other.linkBlob(mine, digestOf(content)), false);
});

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
