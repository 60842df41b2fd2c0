import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeUpload, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const uploads = { expire: "1m", purgeInterval: "1s" };
const bytes = seededBytes("abandoned", 100_000);
const half = bytes.subarray(0, 50_000);

test("abandoned uploads are deleted after their time, including those of an earlier process, and no others", async (t) => {
  const scope = new Scope(t);
  const before = await startBerth(scope);
  const sessions = await Promise.all(["old", "old and empty", "fresh"].map(() => startUpload(before.client, "app")));
  const [old = "", empty = "", fresh = ""] = sessions;
  for (const session of [old, fresh]) await before.client.request("PATCH", session, { body: half });
  await before.daemon.kill();
  for (const session of [old, empty]) await age(before.root, session);

  const { client } = await startBerth(scope, { root: before.root, private: { uploads } });
  for (const session of [old, empty]) {
    await waitUntil("the upload is gone", async () =>
      (await offsetOf(client, session)) === undefined ? true : undefined,
    );
    assert.ok(!existsSync(folderOf(before.root, session)));
  }
  assert.equal(await offsetOf(client, fresh), half.length);
  await resumeUpload(client, fresh, { bytes, digest: digestOf(bytes), offset: half.length });
  await pullBlob(client, "app", digestOf(bytes));
});

test("an upload that is being sent is not deleted, however long it takes", async (t) => {
  const scope = new Scope(t);
  const { client, root } = await startBerth(scope, { private: { uploads } });
  const slow = await startUpload(client, "a/slow");
  const request = client.start("PATCH", slow);
  await request.send(half);
  await waitUntil("it arrives", () => (existsSync(join(folderOf(root, slow), "data")) ? true : undefined));
  await age(root, slow);
  // Its deletion shows that a purge has run. The purge visits the repositories one by one: this is the last.
  const abandoned = await startUpload(client, "b/abandoned");
  await age(root, abandoned);
  await waitUntil("a purge", async () => ((await offsetOf(client, abandoned)) === undefined ? true : undefined));

  assert.equal((await request.end()).status, 202);
  assert.equal(await offsetOf(client, slow), half.length);
});

function folderOf(root: string, session: string): string {
  const [, name = "", id = ""] = /^\/v2\/(.+)\/blobs\/uploads\/([^?]+)/.exec(session) ?? [];
  return join(root, "docker/registry/v2/repositories", name, "_uploads", id);
}

/** Makes a session look as if it had received nothing for an hour. */
async function age(root: string, session: string): Promise<void> {
  const folder = folderOf(root, session);
  const anHourAgo = Date.now() / 1000 - 3600;
  for (const file of await readdir(folder)) await utimes(join(folder, file), anHourAgo, anHourAgo);
}
