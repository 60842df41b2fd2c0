import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DiskWorkers } from "../../../../../src/storage/drivers/filesystem/disk-workers.js";
import { Scope } from "../../../../support/scope.js";
import { waitUntil } from "../../../../support/wait-until.js";

test("threads without work end, and later work gets new ones", async (t) => {
  const root = await new Scope(t).folder("data");
  const workers = new DiskWorkers(20);
  const make = (name: string) => workers.perform({ root, steps: [{ kind: "make-folder", path: join(root, name) }] });
  const threads = async () => (await readdir("/proc/self/task")).length;
  // Libuv's threads start with the first call of the disk.
  const before = await threads();
  await Promise.all(["a", "b", "c"].map(make));
  await waitUntil("the threads have ended", async () => (await threads()) <= before || undefined);
  await make("d");
  assert.deepEqual(
    ["a", "b", "c", "d"].map((name) => existsSync(join(root, name))),
    [true, true, true, true],
  );
});
