import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { CheckResult } from "../../../src/maintenance/fsck/finding.js";
import type { WantedAgain } from "../../../src/maintenance/fsck/mend-bytes.js";
import { ScheduledCheck } from "../../../src/maintenance/fsck/scheduled-check.js";
import { Schedule } from "../../../src/maintenance/schedule.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { PausableDriver } from "../../support/pausable-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { storeImage } from "../../support/stored-images.js";
import { waitUntil } from "../../support/wait-until.js";

const cached = parseRepositoryName("library/tool");
const [privateLayer, cachedLayer] = ["private", "cached"].map((text) => digestOf(Buffer.from(text)));

/** A storage with a damaged private image and a damaged cached one, and schedules that check it. */
async function damagedStorage(scope: Scope, every: number) {
  const driver = new PausableDriver(new MemoryDriver());
  const log = new RecordedLog();
  const storage = new Storage(driver, 0, log);
  await storage.owners.recordOwner(cached, "docker.io");
  await storeImage(storage, "private", { tags: ["v1"] });
  await storeImage(storage, "cached", { name: cached, tags: ["v1"] });
  for (const digest of [privateLayer, cachedLayer])
    if (digest !== undefined) await driver.write({ key: layout.blob(digest), content: Buffer.from("wrong") });
  const results: (CheckResult | undefined)[] = [];
  const start = () => {
    const check = new ScheduledCheck(
      { rate: 1e9, isSparse: false },
      {
        storage,
        log,
        observers: [{ checked: (result) => results.push(result) }],
        fetchAgain: async ({ name }: WantedAgain) => void (await storeBlob(storage, name, Buffer.from("cached"))),
      },
    );
    const schedule = new Schedule(check, { every });
    scope.defer(() => schedule.stop());
    return schedule;
  };
  return { driver, storage, log, results, start };
}

test("a server checks what is stored from time to time, heals what is cached, and logs what is private", async (t) => {
  const { storage, log, results, start } = await damagedStorage(new Scope(t), 20);
  start();
  const [first] = await waitUntil("a check has ended", () => (results.length > 0 ? results : undefined));
  assert.deepEqual([first?.damaged, first?.mended], [1, 1]);
  assert.equal((await storage.checks.read())?.mended !== undefined, true);
  assert.deepEqual(
    log
      .named("fsck: damaged bytes")
      .map(({ digest, outcome, images }) => `${digest} ${outcome}: ${images}`)
      .sort(),
    [`${privateLayer} set aside: team/app:v1`, `${cachedLayer} fetched again: library/tool:v1`].sort(),
  );
});

test("while another process checks, this one does not, and that is no failure", async (t) => {
  const { driver, storage, results, start } = await damagedStorage(new Scope(t), 20);
  await storage.withLock("fsck", async () => {
    const asked = driver.pauseBefore("lock", "fsck");
    let isAsked = false;
    void asked.reached.then(() => {
      isAsked = true;
    });
    start();
    // The timers of a schedule keep no process alive.
    await waitUntil("the lock is asked for", () => (isAsked ? true : undefined));
    asked.resume();
  });
  const [first] = await waitUntil("a check has ended", () => (results.length > 0 ? results : undefined));
  assert.ok(first !== undefined, "the check that had to wait did not fail");
});
