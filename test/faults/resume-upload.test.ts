import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeUpload, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const size = 40_000_000;
const ninetyPercent = 0.9 * size;

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`an upload cut off at 90 % resumes from there after a kill and a restart, by ${algorithm}`, async (t) => {
    const scope = new Scope(t);
    const bytes = seededBytes(algorithm, size);
    const digest = digestOf(bytes, algorithm);
    const before = await startBerth(scope);

    const session = await startUpload(before.client, "app");
    const patch = before.client.start("PATCH", session, { "content-type": "application/octet-stream" });
    await patch.send(bytes.subarray(0, ninetyPercent));
    patch.cut();
    await waitUntil("all that was sent is kept", async () =>
      (await offsetOf(before.client, session)) === ninetyPercent ? true : undefined,
    );
    await before.daemon.kill();

    const after = await startBerth(scope, { root: before.root, port: before.port });
    const offset = await offsetOf(after.client, session);
    assert.equal(offset, ninetyPercent);
    await resumeUpload(after.client, session, { bytes, digest, offset });
    await pullBlob(after.client, "app", digest);
    assert.equal(await offsetOf(after.client, session), undefined, "the session is over");
  });
}

test("an upload resumes after a kill in the middle of a request, from the reported offset", async (t) => {
  const scope = new Scope(t);
  const bytes = seededBytes("in the middle", size);
  const before = await startBerth(scope);
  const session = await startUpload(before.client, "app");
  const patch = before.client.start("PATCH", session);
  await patch.send(bytes.subarray(0, ninetyPercent));
  await before.daemon.kill();
  await assert.rejects(patch.answer);

  const after = await startBerth(scope, { root: before.root, port: before.port });
  const offset = (await offsetOf(after.client, session)) ?? 0;
  await resumeUpload(after.client, session, { bytes, digest: digestOf(bytes), offset });
  await pullBlob(after.client, "app", digestOf(bytes));
});

test("an upload resumes across several restarts, and each keeps what was acknowledged", async (t) => {
  const scope = new Scope(t);
  const bytes = seededBytes("restarts", 900_000);
  let berth = await startBerth(scope);
  const session = await startUpload(berth.client, "app");
  for (let offset = 0; offset < 800_000; offset += 200_000) {
    const headers = { "content-range": `${offset}-${offset + 199_999}` };
    const body = bytes.subarray(offset, offset + 200_000);
    const answer = await berth.client.request("PATCH", session, { body, headers });
    assert.equal(answer.status, 202);
    await berth.daemon.kill();
    berth = await startBerth(scope, { root: berth.root, port: berth.port });
    assert.equal(await offsetOf(berth.client, session), offset + 200_000);
  }
  await resumeUpload(berth.client, session, { bytes, digest: digestOf(bytes), offset: 800_000 });
  await pullBlob(berth.client, "app", digestOf(bytes));
});
