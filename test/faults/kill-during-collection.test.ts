import { strict as assert } from "node:assert";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blobsIn, gcArguments, runGc } from "../support/berth-gc.js";
import { startBerth } from "../support/berth-process.js";
import { tryCommand } from "../support/command.js";
import { listTags, pullWhole, seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { pushSmallImage } from "../support/small-image.js";

const images = 60;
const tags = ["v1", "v2", "v3"];
const longestRounds = 100;
/** A thread of the collection is killed before its nth removal or move. */
const mostSteps = 60;

test("a collection that is killed at any moment has lost nothing that is kept, and a later one finishes", async (t) => {
  const scope = new Scope(t);
  const { root, client, daemon } = await startBerth(scope);
  const text = (number: number) => seededBytes(`image ${number}`, 2000).toString("base64");
  for (let number = 0; number < images; number++) {
    await pushSmallImage(client, "app", text(number), { tag: tags[number % tags.length] ?? "v1" });
  }
  await daemon.stop();
  const whole = await scope.folder("whole");
  await cp(root, whole, { recursive: true });
  await runGc(scope, whole, ["--delete-untagged"]);
  const expected = await blobsIn(whole);
  assert.equal(expected.length, 2 * tags.length + 1);

  const random = seededRandom(20_261_124);
  let kills = 0;
  for (; (await blobsIn(root)).length > expected.length; kills++) {
    assert.ok(kills < longestRounds, "it never ends");
    const killer = await killerBeforeStep(scope, wholeNumber(random, 1, mostSteps));
    const end = await tryCommand(process.execPath, await gcArguments(scope, root, ["--delete-untagged"]), {
      env: { NODE_OPTIONS: `--import ${killer}` },
    });
    // The last one may end before it reaches the step.
    if (end.code === 0) break;
    assert.equal(end.code, "SIGKILL", end.stderr);
    for (const digest of expected) assert.ok((await blobsIn(root)).includes(digest), digest);
  }
  assert.ok(kills > 1, "it was hardly killed: nothing was shown");
  await runGc(scope, root, ["--delete-untagged"]);
  assert.deepEqual(await blobsIn(root), expected);
  const again = await startBerth(scope, { root });
  assert.deepEqual(await listTags(again.client, "app"), tags);
  for (const tag of tags) await pullWhole(again.client, "app", tag);
});

/** A module that kills the process right before one of its threads removes or moves a file for the `step`th time. */
async function killerBeforeStep(scope: Scope, step: number): Promise<string> {
  const file = join(await scope.folder("killer"), "kill.mjs");
  await writeFile(
    file,
    `import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    let steps = 0;
    for (const name of ["unlinkSync", "rmSync", "rmdirSync", "renameSync"]) {
      const original = fs[name];
      fs[name] = (...args) => {
        if (++steps === ${step}) process.kill(process.pid, "SIGKILL");
        return original(...args);
      };
    }
    syncBuiltinESMExports();`,
  );
  return file;
}
