import { strict as assert } from "node:assert";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { RegistryError } from "../../../src/oci/errors.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import { storeBlob } from "../../support/blob.js";
import { emptyConfigType, layerType, manifestOf, seededBytes } from "../../support/content.js";
import { privateRepository, putManifest } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("team/app");
const config = Buffer.from("{}");
/** Too large to be verified on each access. */
const layer = seededBytes("layer", 400_000);
const image = imageOf(layer.length);

test("a layer that was damaged on the disk is requested again, and the image is complete once it was pushed", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  await truncate(join(root, layout.blob(digestOf(layer))), 300_000);
  const repository = privateRepository((await storageAt(root)).storage);
  await assert.rejects(putManifest(repository, image), isRefusal("MANIFEST_BLOB_UNKNOWN"));
  await storeBlob(storage, name, layer);
  await putManifest(repository, image);
});

test("an image with a wrong size is refused, and the content with that size is kept", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  for (const bytes of [config, layer]) await storeBlob(storage, name, bytes);
  for (const rules of [{ sparse: false }, { sparse: true }]) {
    const lying = putManifest(privateRepository(storage, name, rules), imageOf(layer.length - 1));
    await assert.rejects(lying, isRefusal("MANIFEST_INVALID"));
  }
  assert.equal((await storage.repository(name).findBlob(digestOf(layer)))?.size, layer.length);
});

test("a layer of another repository counts as missing here, unless manifests may be sparse", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storeBlob(storage, name, config);
  await storeBlob(storage, parseRepositoryName("other/app"), layer);
  await assert.rejects(putManifest(privateRepository(storage), image), isRefusal("MANIFEST_BLOB_UNKNOWN"));
  await putManifest(privateRepository(storage, name, { sparse: true }), image);
  assert.equal(await storage.repository(name).findBlob(digestOf(layer)), undefined);
});

test("if very many layers are missing, the error names a hundred, each once", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storeBlob(storage, name, config);
  const missing = Array.from({ length: 150 }, (_, index) => describe(layerType, Buffer.from(`layer ${index}`)));
  const manifest = manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: describe(emptyConfigType, config),
    layers: [...missing, ...missing],
  });
  await assert.rejects(putManifest(privateRepository(storage), manifest), (error) => {
    assert.ok(error instanceof RegistryError);
    assert.deepEqual(
      error.detail,
      missing.slice(0, 100).map(({ digest }) => ({ digest })),
    );
    return true;
  });
});

function imageOf(layerSize: number) {
  return manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: describe(emptyConfigType, config),
    layers: [{ ...describe(layerType, layer), size: layerSize }],
  });
}

function describe(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function isRefusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof RegistryError && error.code === code;
}
