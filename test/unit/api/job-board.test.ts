import { strict as assert } from "node:assert";
import { test } from "node:test";
import { JobBoard } from "../../../src/api/changes/job-board.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { JobStore } from "../../../src/storage/job-store.js";
import { PausableDriver } from "../../support/pausable-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { waitUntil } from "../../support/wait-until.js";

test("a job that is over at once is not shown as running, however long its first record takes", async () => {
  const driver = new PausableDriver(new MemoryDriver());
  const board = new JobBoard(new JobStore(driver), new RecordedLog());
  const pause = driver.pauseBefore("write", /./);
  let isBegun = false;
  const run = async () => {
    isBegun = true;
    return "done at once";
  };
  const started = board.start({ task: "purge-uploads", user: undefined, run });
  await pause.reached;
  await new Promise(setImmediate);
  assert.equal(isBegun, false, "it begins when its record is written");
  pause.resume();
  await started;
  const shown = await waitUntil("the job has ended", async () => {
    const { items } = await board.list();
    return JSON.stringify(items).includes("running") ? undefined : JSON.stringify(items);
  });
  assert.match(shown, /done at once/);
});

test("a job whose first record cannot be written does not run", async () => {
  const driver = new PausableDriver(new MemoryDriver());
  const board = new JobBoard(new JobStore(driver), new RecordedLog());
  driver.failAt("write", /./, new Error("the disk is full"));
  const run = async () => assert.fail("it runs");
  await assert.rejects(board.start({ task: "purge-uploads", user: undefined, run }), /the disk is full/);
  await board.stop();
  assert.deepEqual((await board.list()).items, []);
});
