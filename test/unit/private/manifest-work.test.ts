import { strict as assert } from "node:assert";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { FilesystemDriver } from "../../../src/storage/drivers/filesystem/filesystem-driver.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { emptyConfigType, layerType, type ManifestToPush, manifestOf, seededBytes } from "../../support/content.js";
import { countCalls } from "../../support/counted-driver.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";

const name = parseRepositoryName("team/app");
const config = Buffer.from("{}");
const layer = seededBytes("layer", 400_000);
const noMemory = 2;

test("an index that lists a few large manifests many times has each read once, and never again for the next index", async () => {
  const counted = countCalls(new MemoryDriver());
  const children = ["one", "other"].map((seed) =>
    indexOf([], { annotations: { seed, filling: "x".repeat(1_000_000) } }),
  );
  const pusher = privateRepository(new Storage(counted.driver, noMemory, new RecordedLog()));
  for (const child of children) await putManifest(pusher, child);
  const repository = privateRepository(new Storage(counted.driver, noMemory, new RecordedLog()));
  counted.look();
  const named = Array.from({ length: 48 }, () => children).flat();
  await putManifest(repository, indexOf(named));
  const bytesRead = () => counted.look().read.filter((key) => key.endsWith("/data"));
  assert.deepEqual(bytesRead().sort(), children.map(({ descriptor }) => layout.blob(descriptor.digest)).sort());
  await putManifest(repository, indexOf(named, { annotations: { another: "index" } }));
  assert.deepEqual(bytesRead(), []);
});

test("an index that references more bytes of manifests than any real one is refused before any lookup", async () => {
  const counted = countCalls(new MemoryDriver());
  const repository = privateRepository(new Storage(counted.driver, noMemory, new RecordedLog()));
  const digests = Array.from({ length: 40 }, (_, index) => digestOf(Buffer.from(String(index))));
  const children = digests.map((digest) => ({ mediaType: mediaTypes.ociIndex, digest, size: 4 * 1024 * 1024 }));
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: children });
  await assert.rejects(putManifest(repository, index), { code: "MANIFEST_INVALID" });
  assert.equal(counted.look().total, 0);
});

test("a layer that is referenced a thousand times is looked up once", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 1_000_000, new RecordedLog());
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  const lookUps = async (times: number) => {
    counted.look();
    await putManifest(privateRepository(storage), imageOf(layer.length, times));
    return counted.look().total;
  };
  await lookUps(1);
  assert.equal(await lookUps(1000), await lookUps(2));
});

test("however many manifests give a blob a wrong size, at once or later, it is hashed once", async (t) => {
  const counted = countCalls(await FilesystemDriver.open(await new Scope(t).folder("data")));
  const storage = new Storage(counted.driver, 1_000_000, new RecordedLog());
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  const key = layout.blob(digestOf(layer));
  while ((await storage.driver.stat(key))?.version === undefined) await new Promise(setImmediate);
  const repository = privateRepository(storage);
  const lie = (size: number) => assert.rejects(putManifest(repository, imageOf(size)), { code: "MANIFEST_INVALID" });
  counted.look();
  await Promise.all([1, 2, 3, 4, 5].map(lie));
  for (const size of [6, 7, 8]) await lie(size);
  assert.deepEqual(
    counted.look().read.filter((read) => read === key),
    [key],
  );
});

test("a blob that was changed since it was hashed is hashed again", async (t) => {
  const root = await new Scope(t).folder("data");
  const storage = new Storage(await FilesystemDriver.open(root), 1_000_000, new RecordedLog());
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  const repository = privateRepository(storage);
  await assert.rejects(putManifest(repository, imageOf(1)), { code: "MANIFEST_INVALID" });
  await appendFile(join(root, layout.blob(digestOf(layer))), "more");
  await assert.rejects(putManifest(repository, imageOf(1)), { code: "MANIFEST_BLOB_UNKNOWN" });
});

test("once its client has disconnected, no more is read for a manifest", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 1_000_000, new RecordedLog());
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  const repository = privateRepository(storage);
  const client = new AbortController();
  const { bytes, descriptor } = imageOf(1);
  const put = { bytes, reference: descriptor.digest, contentType: descriptor.mediaType, tags: [] };
  counted.look();
  const pushed = repository.putManifest(put, patientContext(client.signal));
  client.abort(new Error("the client left"));
  await assert.rejects(pushed, /the client left/);
  assert.deepEqual(counted.look().read, []);
});

function imageOf(layerSize: number, times = 1): ManifestToPush {
  const named = { mediaType: layerType, digest: digestOf(layer), size: layerSize };
  return manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: emptyConfigType, digest: digestOf(config), size: config.length },
    layers: Array.from({ length: times }, () => named),
  });
}

function indexOf(children: readonly ManifestToPush[], more: Record<string, unknown> = {}): ManifestToPush {
  const manifests = children.map(({ descriptor }) => descriptor);
  return manifestOf({ mediaType: mediaTypes.ociIndex, manifests, ...more });
}
