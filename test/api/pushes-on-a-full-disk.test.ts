import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { StorageError } from "../../src/oci/storage-error.js";
import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { manifestOf, pushBlob, seededBytes } from "../support/content.js";
import { PausableDriver } from "../support/pausable-driver.js";
import { RecordedLog } from "../support/recorded-log.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";

const blob = seededBytes("blob", 50_000);
const digest = digestOf(blob);
const shared = seededBytes("shared", 1_000);
const json = { "content-type": mediaTypes.ociIndex };

/** What clients do to a repository, each with the status that it ends with. */
const actions: Record<string, (client: RegistryClient, name: string) => Promise<readonly [number, number]>> = {
  "a blob in one request": async (client, name) => {
    const { status } = await client.request("POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: blob });
    return [status, 201];
  },
  "a new upload session": async (client, name) => {
    const { status } = await client.request("POST", `/v2/${name}/blobs/uploads/`);
    return [status, 202];
  },
  "the blob of a session": async (client, name) => {
    const session = await startUpload(client, name);
    const { status } = await client.request("PATCH", session, { body: blob });
    if (status !== 202) return [status, 202];
    return [(await client.request("PUT", `${session}?digest=${digest}`)).status, 201];
  },
  "a blob of another repository": async (client, name) => {
    const path = `/v2/${name}/blobs/uploads/?mount=${digestOf(shared)}&from=app/shared`;
    return [(await client.request("POST", path)).status, 201];
  },
  "the deletion of a tag, a manifest and a blob": async (client, name) => {
    await pushBlob(client, name, shared);
    const { bytes, descriptor } = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [] });
    for (const tag of ["one", "two"])
      await client.request("PUT", `/v2/${name}/manifests/${tag}`, { body: bytes, headers: json });
    for (const target of ["manifests/one", `manifests/${descriptor.digest}`, `blobs/${digestOf(shared)}`]) {
      const { status } = await client.request("DELETE", `/v2/${name}/${target}`);
      if (status !== 202) return [status, 202];
    }
    return [202, 202];
  },
  "a manifest with a tag and a subject": async (client, name) => {
    const subject = { mediaType: mediaTypes.ociIndex, digest, size: blob.length };
    const { bytes } = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], subject });
    return [(await client.request("PUT", `/v2/${name}/manifests/v1`, { body: bytes, headers: json })).status, 201];
  },
};

for (const [what, act] of Object.entries(actions)) {
  test(`${what}: whichever of its steps finds the disk full, room is made and the step is taken again`, async (t) => {
    const scope = new Scope(t);
    const driver = new PausableDriver(new MemoryDriver());
    const storage = new Storage(driver, 1_000_000, new RecordedLog());
    const { client } = await runBerth(scope, { opened: storage, private: { referrersTag: true } });
    let rooms = 0;
    storage.makeRoom = async (bytes) => {
      rooms++;
      return bytes;
    };
    await pushBlob(client, "app/shared", shared);
    for (let step = 1; ; step++) {
      const isReached = driver.failAtChange(step, new StorageError("full", "the test lets the disk be full"));
      const [actual, wanted] = await act(client, `app/r${step}`);
      assert.equal(actual, wanted, `at step ${step}`);
      if (!isReached()) break;
    }
    assert.ok(rooms > 0);
  });
}
