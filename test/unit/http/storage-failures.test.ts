import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { StorageError, type StorageFailure } from "../../../src/oci/storage-error.js";
import { pushBlob, seededBytes } from "../../support/content.js";
import { errorCodeOf } from "../../support/registry-client.js";
import { runBerth } from "../../support/running-berth.js";
import { Scope } from "../../support/scope.js";
import { pausableStorageAt } from "../../support/storage.js";

const content = seededBytes("content", 300_000);
const digest = digestOf(content);

const answers: Record<StorageFailure, { push: [number, string]; pull: [number, string] }> = {
  full: { push: [507, "UNAVAILABLE"], pull: [503, "UNAVAILABLE"] },
  readonly: { push: [405, "UNSUPPORTED"], pull: [503, "UNAVAILABLE"] },
  busy: { push: [503, "UNAVAILABLE"], pull: [503, "UNAVAILABLE"] },
  unavailable: { push: [503, "UNAVAILABLE"], pull: [503, "UNAVAILABLE"] },
};

for (const [kind, expected] of Object.entries(answers)) {
  test(`a storage that is ${kind} is answered with a status and a sentence, and no word of the system's`, async (t) => {
    const scope = new Scope(t);
    const { storage, driver } = await pausableStorageAt(await scope.folder("data"));
    const { client } = await runBerth(scope, { opened: storage });
    await pushBlob(client, "team/app", content);
    // The keys of `answers` are kinds.
    const failure = new StorageError(kind as StorageFailure, "EXYZ: of the system, open '/secret/path'");
    driver.failAt("append", /_uploads/, failure);
    driver.failAt("openRead", /blobs/, failure);
    const push = await client.request("POST", "/v2/team/app/blobs/uploads/");
    const pull = await client.request("GET", `/v2/team/app/blobs/${digest}`);
    for (const [answer, right] of [
      [push, expected.push],
      [pull, expected.pull],
    ] as const) {
      assert.deepEqual([answer.status, errorCodeOf(answer)], right);
      assert.equal(answer.headers["retry-after"] !== undefined, [503, 507].includes(answer.status));
      assert.match(answer.body.toString(), /"message":"the registry/);
      assert.doesNotMatch(answer.body.toString(), /EXYZ|secret/);
    }
    await pushBlob(client, "team/app", content);
  });
}
