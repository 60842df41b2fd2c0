import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startBerth } from "../support/berth-process.js";
import { pullWhole } from "../support/content.js";
import { emptyPushLog, pushUntilItDies } from "../support/crash-pushes.js";
import { soundLayout } from "../support/disk-layout.js";
import { faultSeed } from "../support/fault-settings.js";
import { PowerCut } from "../support/power-cut.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";

const rounds = 4;
const names = ["app", "team/one"];

test("what was acknowledged is there after a power cut, in which everything is lost that was not synced", async (t) => {
  t.diagnostic(`seed ${faultSeed}`);
  const random = seededRandom(faultSeed);
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const scope = new Scope(t);
    const root = await scope.folder("data");
    const cut = await PowerCut.create(scope, root);
    const { client, daemon } = await startBerth(scope, { root, env: cut.environment });
    const log = emptyPushLog();
    const afterSteps = wholeNumber(random, 20, 120);
    const killed = new Promise<void>((resolve, reject) => {
      let steps = 0;
      const step = () => {
        if (++steps === afterSteps)
          delay(wholeNumber(random, 0, 20))
            .then(() => daemon.kill())
            .then(resolve, reject);
      };
      Promise.all(names.map((name) => pushUntilItDies({ client, name, log, step }, `round-${round}`))).catch(reject);
    });
    await killed;
    const left = await cut.whatIsLeft(scope);
    await soundLayout(left);
    const again = await startBerth(scope, { root: left });
    for (const { name, tag, digest } of log.images) {
      await pullWhole(again.client, name, digest);
      const [tagged] = await pullWhole(again.client, name, tag);
      if (tag !== "latest") assert.equal(tagged, digest);
    }
    acknowledged += log.images.length;
    await again.daemon.stop();
  }
  assert.ok(acknowledged > rounds, `only ${acknowledged} tags were acknowledged`);
});
