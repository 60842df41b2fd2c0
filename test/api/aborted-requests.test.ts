import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { pullBlob, pushBlob, seededBytes } from "../support/content.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const large = seededBytes("large", 8_000_000);
const rounds = 60;

async function openFiles(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

/** Begins to pull a large blob and goes in the middle. */
async function abortPull(client: RegistryClient): Promise<void> {
  const opened = await client.open("GET", `/v2/app/blobs/${digestOf(large)}`);
  opened.stream.on("error", () => {});
  await new Promise((resolve) => opened.stream.once("data", resolve));
  opened.stream.destroy();
}

/** Begins to push and goes in the middle. */
async function abortPush(client: RegistryClient, method: string, target: string, bytes: Buffer): Promise<void> {
  const sender = client.start(method, target, { "content-length": bytes.length });
  await sender.send(bytes.subarray(0, bytes.length >> 1)).catch(() => {});
  sender.cut();
}

test("requests that clients give up leave no file open, nothing half, and harm nobody else", async (t) => {
  const { client, storage, log } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "app", large);
  const before = await openFiles();
  const digests: Digest[] = [];
  for (let round = 0; round < rounds; round++) {
    const bytes = seededBytes(`round ${round}`, 600_000);
    digests.push(digestOf(bytes));
    const session = await startUpload(client, "app");
    await Promise.all([
      abortPull(client),
      abortPush(client, "PATCH", session, bytes),
      abortPush(client, "PUT", `${session}?digest=${digestOf(bytes)}`, bytes),
      abortPush(client, "POST", `/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, bytes),
      abortPush(client, "PUT", `/v2/app/manifests/v${round}`, bytes),
    ]);
  }
  await waitUntil("all of them are over", () => {
    const over = log.named("request").filter(({ cut }) => cut === true);
    return over.length >= rounds * 5 - 10 || undefined;
  });
  await waitUntil("all files are closed", async () => (await openFiles()) <= before + 5 || undefined);
  await waitUntil("nothing lies in the scratch folder", async () => {
    return (await storage.driver.list(".berth/scratch")).length === 0 || undefined;
  });
  for (const digest of digests) assert.equal((await client.head(`/v2/app/blobs/${digest}`)).status, 404);
  assert.equal((await client.get("/v2/app/manifests/v0")).status, 404);
  await pullBlob(client, "app", digestOf(large));
  const failures = log.events.filter(({ level }) => level === "error" || level === "warn");
  assert.deepEqual(failures, []);
});
