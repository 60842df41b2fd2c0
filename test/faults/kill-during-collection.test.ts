import { strict as assert } from "node:assert";
import { cp } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blobsIn, gcArguments, runGc } from "../support/berth-gc.js";
import { startBerth } from "../support/berth-process.js";
import { listTags, pullWhole, seededBytes } from "../support/content.js";
import { Daemon } from "../support/daemon.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { pushSmallImage } from "../support/small-image.js";

const images = 60;
const tags = ["v1", "v2", "v3"];
const longestRounds = 40;

test("a collection that is killed at any moment has lost nothing that stays, and a later one finishes", async (t) => {
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
    const gc = new Daemon(scope, process.execPath, await gcArguments(scope, root, ["--delete-untagged"]));
    const isKilled = gc
      .ready(async () => (gc.output.includes("eligible for deletion") ? true : undefined))
      .then(async () => {
        await delay(wholeNumber(random, 0, 120));
        await gc.kill();
      });
    // The last one may end before it is killed.
    await isKilled.catch(() => {});
    await gc.exited;
    for (const digest of expected) assert.ok((await blobsIn(root)).includes(digest), digest);
  }
  assert.ok(kills > 1, "too quick to be killed: nothing was shown");
  await runGc(scope, root, ["--delete-untagged"]);
  assert.deepEqual(await blobsIn(root), expected);
  const again = await startBerth(scope, { root });
  assert.deepEqual(await listTags(again.client, "app"), tags);
  for (const tag of tags) await pullWhole(again.client, "app", tag);
});
