import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { runCommand } from "../support/command.js";
import { makeBucket, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";
import { compareContent, pushImage } from "../support/storage-copy.js";

const images = 5_000;
const repositories = 50;
const pushedAtOnce = 8;

test("a registry on a disk is copied to MinIO while images are pushed, and from there to another disk: all are equal", async (t) => {
  const scope = new Scope(t);
  const store = await startStore(scope, "minio");
  await makeBucket(store, "images");
  const disk = await startBerth(scope);
  const bucket = await startBerth(scope, { storage: await storageIn(scope, store, "images") });
  const back = await startBerth(scope);
  await pushAll(disk);

  let isOver = false;
  const pushing = (async () => {
    for (let number = 0; !isOver; number++) await pushImage(disk.client, `team/busy${number % 7}`, "v1", `${number}`);
  })();
  const first = await copied(disk, bucket);
  isOver = true;
  await pushing;
  t.diagnostic(first);
  t.diagnostic(await copied(disk, bucket));
  await compareContent(disk.client, bucket.client);
  t.diagnostic(await copied(bucket, back));
  await compareContent(disk.client, back.client);
});

async function pushAll({ client }: BerthProcess): Promise<void> {
  const numbers = Array.from({ length: images }, (_, number) => number).values();
  const pushInTurn = async () => {
    for (const number of numbers)
      await pushImage(client, `team/app${number % repositories}`, `v${Math.floor(number / repositories)}`);
  };
  await Promise.all(Array.from({ length: pushedAtOnce }, pushInTurn));
}

/** @returns what the command says, and how long it took */
async function copied(from: BerthProcess, to: BerthProcess): Promise<string> {
  const startedAt = performance.now();
  const files = ["--from", from.configFile, "--to", to.configFile, "--json"];
  const said = await runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "storage", "copy", ...files]);
  const { damaged = [], missing = [] } = JSON.parse(said);
  assert.deepEqual([damaged, missing], [[], []]);
  return `${Math.round(performance.now() - startedAt) / 1000} s: ${said.replace(/\s+/g, " ")}`;
}
