import { strict as assert } from "node:assert";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { startBerth } from "../support/berth-process.js";
import { listTags, manifestOf, pullBlob, pullWhole, pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { pushSample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";
import { fillDisk, smallDisk } from "../support/small-disk.js";
import { offsetOf, startUpload } from "../support/upload.js";

const diskSize = 8 * 1024 * 1024;
const image = sampleContent()[0];
const tooLarge = seededBytes("too large", 2 * diskSize);
const small = seededBytes("small", 10_000);
const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [] });

test("a full disk", async (t) => {
  assert.ok(image);
  const scope = new Scope(t);
  const disk = await smallDisk(scope, diskSize);
  const { client, daemon } = await startBerth(scope, { root: disk });
  await pushSample(client, image);

  const isUnharmed = async () => {
    assert.ok(daemon.isRunning, daemon.output);
    assert.deepEqual(await listTags(client, image.name), image.tags);
    await pullWhole(client, image.name, image.tags[0] ?? "");
    assert.equal((await client.head(`/v2/app/blobs/${digestOf(tooLarge)}`)).status, 404);
    assert.equal((await client.head(`/v2/app/blobs/${digestOf(small)}`)).status, 404);
  };

  await t.test("a blob that does not fit gets a 5xx that says so in JSON, however it is pushed", async () => {
    assertRefused(
      await client.request("POST", `/v2/app/blobs/uploads/?digest=${digestOf(tooLarge)}`, { body: tooLarge }),
    );
    await isUnharmed();

    const inOne = await startUpload(client, "app");
    assertRefused(await client.request("PUT", `${inOne}?digest=${digestOf(tooLarge)}`, { body: tooLarge }));
    await cancel(client, inOne);
    await isUnharmed();

    const inChunks = await startUpload(client, "app");
    assertRefused(await client.request("PATCH", inChunks, { body: tooLarge }));
    const offset = await offsetOf(client, inChunks);
    assert.ok(offset !== undefined && offset <= diskSize, "the session keeps what fits");
    await cancel(client, inChunks);
    await isUnharmed();
  });

  await t.test("what does not fit leaves no bytes behind: the next blob that fits is accepted", async () => {
    const fits = seededBytes("fits", diskSize * 0.75);
    await pushBlob(client, "other", fits);
    await pullBlob(client, "other", digestOf(fits));
    assert.equal((await client.request("DELETE", `/v2/other/blobs/${digestOf(fits)}`)).status, 202);
  });

  await t.test("with no space left, pushes are refused and pulls work; with space again, pushes do too", async () => {
    const filler = await fillDisk(disk);
    assertRefused(await client.request("POST", `/v2/app/blobs/uploads/?digest=${digestOf(small)}`, { body: small }));
    const headers = { "content-type": mediaTypes.ociIndex };
    for (const reference of [index.descriptor.digest, "new"]) {
      const path = `/v2/${image.name}/manifests/${reference}`;
      assertRefused(await client.request("PUT", path, { body: index.bytes, headers }));
    }
    await isUnharmed();
    assert.equal((await client.head(`/v2/${image.name}/manifests/${index.descriptor.digest}`)).status, 404);

    await rm(filler);
    await pushBlob(client, image.name, small);
    await pushManifest(client, image.name, index, "new");
    await pullBlob(client, image.name, digestOf(small));
    assert.deepEqual(await pullWhole(client, image.name, "new"), [index.descriptor.digest]);
  });
});

function assertRefused(answer: Answer): void {
  const { status, body } = answer;
  assert.ok(status >= 500 && status <= 599, `${status} ${body}`);
  assert.match(errorCodeOf(answer) ?? "", /^[A-Z_]+$/);
}

async function cancel(client: RegistryClient, session: string): Promise<void> {
  assert.equal((await client.request("DELETE", session)).status, 204);
}
