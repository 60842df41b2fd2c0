import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { StorageError } from "../../../src/oci/storage-error.js";
import { Quotas } from "../../../src/private/quotas.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { seededBytes } from "../../support/content.js";
import { countCalls } from "../../support/counted-driver.js";
import { PausableDriver } from "../../support/pausable-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";

const name = parseRepositoryName("team/app");
const rule = { repositories: ["team/**"], limit: 1_000 };

/** Two processes on one storage. */
function twoProcesses() {
  const driver = new PausableDriver(new MemoryDriver());
  const open = () => {
    const storage = new Storage(driver, 0, new RecordedLog());
    return { storage, quotas: new Quotas(storage, [rule]) };
  };
  return { driver, one: open(), other: open() };
}

type Process = ReturnType<typeof twoProcesses>["one"];

function push({ storage, quotas }: Process, text: string, size: number, to = name): Promise<Digest> {
  const bytes = seededBytes(text, size);
  return quotas.admit({ name: to, digest: digestOf(bytes), size }, () => storeBlob(storage, to, bytes));
}

async function usedOf({ quotas }: Process): Promise<number | undefined> {
  return (await quotas.use())[0]?.used;
}

test("several processes cannot pass a quota together, even if they push at the same moment", async () => {
  const { one, other } = twoProcesses();
  const pushes = Array.from({ length: 8 }, (_, at) => push(at % 2 === 0 ? one : other, `blob ${at}`, 300));
  const outcomes = await Promise.allSettled(pushes);
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 3);
  assert.equal(await usedOf(one), 900);
});

test("what a killed process did not link is not counted", async () => {
  const { driver, one, other } = twoProcesses();
  await push(one, "stored", 400);
  const paused = driver.pauseBefore("write", layout.layerLink(name, digestOf(seededBytes("lost", 500))));
  void push(one, "lost", 500);
  await paused.reached;
  assert.equal(await usedOf(other), 400);
});

test("what is linked while everything is counted is missed by no count", async () => {
  const { driver, one, other } = twoProcesses();
  await push(one, "first", 100);
  const pause = driver.pauseAfter("list", layout.layersOf(name, "sha256"));
  const counting = one.quotas.use();
  await pause.reached;
  await push(other, "meanwhile", 200);
  await push(other, "and another", 200, parseRepositoryName("team/a"));
  pause.resume();
  assert.equal((await counting)[0]?.used, 500);
});

test("the cost of a push does not grow with what the repositories hold", async () => {
  const { driver, look } = countCalls(new MemoryDriver());
  const storage = new Storage(driver, 0, new RecordedLog());
  const process = { storage, quotas: new Quotas(storage, [{ ...rule, limit: 1e9 }]) };
  const costs: number[] = [];
  for (let blob = 0; blob < 60; blob++) {
    look();
    await push(process, `blob ${blob}`, 100);
    costs.push(look().total);
  }
  assert.ok((costs.at(-1) ?? 0) <= (costs[5] ?? 0) + 2, `${costs}`);
});

for (const kind of ["readonly", "full"] as const)
  test(`what a quota uses is counted also where nothing can be recorded (${kind})`, async () => {
    const { driver, one } = twoProcesses();
    await push(one, "blob", 300);
    const { quotas } = one;
    for (const step of ["write", "writeUnderLock"] as const)
      driver.failAlways(step, /./, new StorageError(kind, "the disk takes nothing"));
    assert.equal((await quotas.use())[0]?.used, 300);
  });
