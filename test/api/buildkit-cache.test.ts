import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { layerType, type ManifestToPush, manifestOf, pullBlob, pushBlob, pushManifest } from "../support/content.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, pushSmallImage } from "../support/small-image.js";

const layer = Buffer.from("layer of the cache");
const config = Buffer.from('{"layers":[],"records":[]}');

/** BuildKit's registry cache with `image-manifest=false`: an index whose children are layers and its config. */
function cacheIndex(fields: Readonly<Record<string, unknown>> = {}): ManifestToPush {
  const manifests = [descriptorOf(layer), descriptorOf(config, "application/vnd.buildkit.cacheconfig.v0")];
  return manifestOf({ mediaType: mediaTypes.ociIndex, manifests, ...fields });
}

test("an index whose children are blobs, as BuildKit's cache is, is pushed and pulled whole", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const blob of [layer, config]) await pushBlob(client, "team/cache", blob);
  await pushManifest(client, "team/cache", cacheIndex(), "main");
  assert.equal((await client.get("/v2/team/cache/manifests/main")).status, 200);
  for (const blob of [layer, config]) await pullBlob(client, "team/cache", digestOf(blob));
});

test("its layers may add up to more bytes than an index may reference in manifests", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { sparse: true } });
  const manifests = Array.from({ length: 30 }, (_, index) => ({
    mediaType: layerType,
    digest: digestOf(Buffer.from(String(index))),
    size: 1_000_000_000,
  }));
  await pushManifest(client, "team/cache", cacheIndex({ manifests }), "main");
});

test("a child blob that is missing, of another size, or declared as a manifest is refused as usual", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, "team/cache", layer);
  for (const [child, code] of [
    [descriptorOf(Buffer.from("absent")), "MANIFEST_BLOB_UNKNOWN"],
    [{ ...descriptorOf(layer), size: 1 }, "MANIFEST_INVALID"],
    [descriptorOf(layer, mediaTypes.ociManifest), "MANIFEST_BLOB_UNKNOWN"],
  ] as const) {
    const { bytes } = cacheIndex({ manifests: [child] });
    const headers = { "content-type": mediaTypes.ociIndex };
    const answer = await client.request("PUT", "/v2/team/cache/manifests/main", { body: bytes, headers });
    assert.equal(errorCodeOf(answer), code);
  }
});

test("an index may contain both manifests and blobs", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const image = await pushSmallImage(client, "team/mixed", "image");
  await pushBlob(client, "team/mixed", layer);
  const index = cacheIndex({ manifests: [image.descriptor, descriptorOf(layer)] });
  await pushManifest(client, "team/mixed", index, "main");
});
