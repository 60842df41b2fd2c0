import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { manifestOf } from "../../support/content.js";
import { privateRepository, putManifest } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { storageOnDisk } from "../../support/storage.js";

const content = Buffer.from("{}");
const plain = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(content), size: content.length };
const honest = { ...plain, data: content.toString("base64") };
const lying = { ...plain, data: Buffer.from("[]").toString("base64") };
const image = { mediaType: mediaTypes.ociManifest, config: plain, layers: [plain] };
const index = { mediaType: mediaTypes.ociIndex, manifests: [plain] };

const documents = (carrier: typeof honest) => [
  { ...image, config: carrier },
  { ...image, layers: [plain, carrier] },
  { ...image, subject: carrier },
  { ...index, manifests: [carrier] },
];

test("a manifest with correct embedded data is accepted", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const repository = privateRepository(storage, "team/app", { sparse: true });
  for (const document of documents(honest)) await putManifest(repository, manifestOf(document));
});

test("a manifest with wrong embedded data is refused, in whichever descriptor", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const repository = privateRepository(storage, "team/app", { sparse: true });
  for (const document of documents(lying)) {
    await assert.rejects(putManifest(repository, manifestOf(document)), { code: "MANIFEST_INVALID" });
  }
});
