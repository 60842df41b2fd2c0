import { strict as assert } from "node:assert";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { listTags, pullWhole } from "../support/content.js";
import { emptyPushLog, pushUntilItDies } from "../support/crash-pushes.js";
import { MovedClock } from "../support/moved-clock.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";

const rounds = 4;
const names = ["app", "team/one", "team/two"];
const dayMs = 86_400_000;
const seed = 20_261_126;

/** The start of 1980, a year ago, some hours off, the limit of 32 bits, and far ahead. */
const jumps = [
  -46 * 365 * dayMs,
  -365 * dayMs,
  -8 * dayMs,
  -7_200_000,
  0,
  61_000,
  8 * dayMs,
  12 * 365 * dayMs,
  400 * 365 * dayMs,
];

test("what was acknowledged survives clock jumps, with a kill in between, and nothing is ever half visible", async (t) => {
  const scope = new Scope(t);
  const random = seededRandom(seed);
  const clock = await MovedClock.create(scope);
  const uploads = { expire: "7d", purgeInterval: "1s" };
  const settings = { env: clock.environment, private: { uploads } };
  const log = emptyPushLog();
  let berth = await startBerth(scope, settings);
  for (let round = 0; round < rounds; round++) {
    const { client, daemon, root, port } = berth;
    let steps = 0;
    const step = () => {
      steps += 1;
      if (steps % 4 === 0) void clock.jump(jumps[wholeNumber(random, 0, jumps.length - 1)] ?? 0);
      if (steps === 80) void daemon.kill();
    };
    await Promise.all(names.map((name) => pushUntilItDies({ client, name, log, step }, `round-${round}`)));
    berth = await startBerth(scope, { ...settings, root, port });
  }
  assert.ok(log.images.length > rounds, `only ${log.images.length} images were pushed`);
  for (const [number, { name, tag, digest }] of log.images.entries()) {
    await clock.jump(jumps[number % jumps.length] ?? 0);
    await pullWhole(berth.client, name, digest);
    assert.equal((await listTags(berth.client, name)).includes(tag), true, `${name}:${tag}`);
  }
});
