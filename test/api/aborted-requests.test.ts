import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import type { Storage } from "../../src/storage/storage.js";
import { pullBlob, pushBlob, seededBytes } from "../support/content.js";
import type { RecordedLog } from "../support/recorded-log.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const large = seededBytes("large", 8_000_000);

async function openFiles(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

/** Starts to pull a large blob and disconnects in the middle. */
async function abortPull(client: RegistryClient): Promise<void> {
  const opened = await client.open("GET", `/v2/app/blobs/${digestOf(large)}`);
  opened.stream.on("error", () => {});
  await new Promise((resolve) => opened.stream.once("data", resolve));
  opened.stream.destroy();
}

/** Starts to push and disconnects in the middle. */
async function abortPush(client: RegistryClient, method: string, target: string, bytes: Buffer): Promise<void> {
  const sender = client.start(method, target, { "content-length": bytes.length });
  await sender.send(bytes.subarray(0, bytes.length >> 1)).catch(() => {});
  sender.cut();
}

/** Aborts requests of every kind, and returns the digests of incomplete pushes. */
async function abortAll(client: RegistryClient, label: string, rounds: number): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (let round = 0; round < rounds; round++) {
    const bytes = seededBytes(`${label} ${round}`, 600_000);
    const digest = digestOf(bytes);
    digests.push(digest);
    const session = await startUpload(client, "app");
    await Promise.all([
      abortPull(client),
      abortPush(client, "PATCH", session, bytes),
      abortPush(client, "PUT", `${session}?digest=${digest}`, bytes),
      abortPush(client, "POST", `/v2/app/blobs/uploads/?digest=${digest}`, bytes),
      abortPush(client, "PUT", `/v2/app/manifests/v${round}`, bytes),
    ]);
  }
  return digests;
}

/**
 * Waits until no connection and no scratch file is left of the aborted requests, and returns how many files are open.
 */
async function settled(storage: Storage, log: RecordedLog): Promise<number> {
  return waitUntil("all is over", async () => {
    const lines = log.named("request").length;
    const files = await openFiles();
    await delay(200);
    const isStill = log.named("request").length === lines && (await openFiles()) === files;
    return isStill && (await storage.driver.staging.list(".berth/scratch")).length === 0 ? files : undefined;
  });
}

test("requests that clients abort leave no file open and nothing half-written, and harm no one else", async (t) => {
  const { client, storage, log } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "app", large);
  // Whatever is opened once and kept, such as threads and their pipes, is open after this.
  await abortAll(client, "first", 15);
  const before = await settled(storage, log);
  const digests = await abortAll(client, "then", 60);
  // What is left open stays open. On a busy machine, what is closed is closed later.
  await waitUntil(
    `hardly more files are open than ${before}`,
    async () => (await settled(storage, log)) < before + 30 || undefined,
  );

  for (const digest of digests) assert.equal((await client.head(`/v2/app/blobs/${digest}`)).status, 404);
  assert.equal((await client.get("/v2/app/manifests/v0")).status, 404);
  await pullBlob(client, "app", digestOf(large));
  const failures = log.events.filter(({ level }) => level === "error" || level === "warn");
  assert.deepEqual(failures, []);
});
