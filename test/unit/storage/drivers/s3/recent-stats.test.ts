import { strict as assert } from "node:assert";
import { test } from "node:test";
import { RecentStats } from "../../../../../src/storage/drivers/s3/recent-stats.js";
import type { StoredObject } from "../../../../../src/storage/drivers/s3/stored-object.js";

/** An object of a store whose version changes with each look, and a clock that stands still. */
function watched({ recentMs = 1_000 } = {}) {
  let version = 0;
  let now = 0;
  const looks = () => version;
  const pass = (ms: number) => {
    now += ms;
  };
  const look = async (key: string): Promise<StoredObject> => ({ key, size: 1, modifiedMs: 0, etag: String(++version) });
  const stats = new RecentStats(look, recentMs, () => now);
  const etag = async () => (await stats.stat("link"))?.etag;
  return { stats, etag, looks, pass };
}

test("what is asked for seldom is looked for each time", async () => {
  const { etag, looks, pass } = watched();
  for (let asked = 1; asked <= 20; asked++) {
    assert.equal(await etag(), String(asked));
    pass(200);
  }
  assert.equal(looks(), 20);
});

test("what is asked for all the time is looked for a few times in each span, and no answer is older than that", async () => {
  const { etag, looks, pass } = watched();
  for (let asked = 0; asked < 500; asked++) await etag();
  const within = looks();
  assert.ok(within < 10, `${within} looks`);
  pass(999);
  assert.equal(await etag(), String(within));
  pass(1);
  assert.equal(await etag(), String(within + 1));
});

test("a change by this process is seen at once, even if an older look is still under way", async () => {
  const answers: ((found: StoredObject) => void)[] = [];
  const stats = new RecentStats(
    () => new Promise((resolve) => answers.push(resolve)),
    1_000,
    () => 0,
  );
  const found = (etag: string) => ({ key: "link", size: 1, modifiedMs: 0, etag });
  const early = Array.from({ length: 10 }, () => stats.stat("link"));
  stats.forget("link");
  for (const answer of answers.splice(0)) answer(found("old"));
  await Promise.all(early);
  const late = stats.stat("link");
  answers[0]?.(found("new"));
  assert.equal((await late)?.etag, "new");
});

test("absence is not remembered", async () => {
  let looks = 0;
  const stats = new RecentStats(
    async () => void looks++ as undefined,
    1_000,
    () => 0,
  );
  for (let asked = 0; asked < 20; asked++) assert.equal(await stats.stat("link"), undefined);
  assert.equal(looks, 20);
});

test("without a span each answer is as new as the question", async () => {
  const { etag, looks } = watched({ recentMs: 0 });
  for (let asked = 0; asked < 50; asked++) await etag();
  assert.equal(looks(), 50);
});
