import { strict as assert } from "node:assert";
import { test } from "node:test";
import { LeftoverShare, restMsOf } from "../../../src/maintenance/leftover-share.js";

const longerThanATurnMs = 6;

function work(): void {
  for (const untilMs = performance.now() + longerThanATurnMs; performance.now() < untilMs; );
}

/** Of the time, background work that rests so after each 10 ms takes this part. */
function shareOf(most: number, others: number): number {
  return 10 / (10 + restMsOf(10, most, others));
}

test("background work takes its share of an idle server, and less of it the more clients ask", () => {
  assert.equal(shareOf(0.5, 0), 0.5);
  assert.equal(shareOf(0.5, 0.5), 0.25);
  assert.equal(shareOf(1, 0), 1);
});

test("beside clients who never rest, background work goes on, and takes a twentieth of the time by default", () => {
  assert.equal(Math.round(100 * shareOf(0.5, 1)), 5);
  assert.ok(shareOf(0.01, 1) > 0);
});

test("waiting for a slow bucket does not count as work, so a collection there rests no longer than after real work", () => {
  assert.equal(restMsOf(20_000, 1, 1), restMsOf(100, 1, 1));
});

test("background work that was stopped ends at its next rest, with the reason", async () => {
  const stopping = new AbortController();
  const share = new LeftoverShare(0.5, stopping.signal);
  stopping.abort(new Error("the server stops"));
  work();
  await assert.rejects(share.rest(), /the server stops/);
});

test("a stop also ends a rest that has begun", async () => {
  const stopping = new AbortController();
  // Resting for its whole share would take ten minutes.
  const share = new LeftoverShare(0.00001, stopping.signal);
  work();
  const resting = share.rest();
  stopping.abort();
  await assert.rejects(resting, { name: "AbortError" });
});

test("work that was shorter than a turn does not rest", async () => {
  const stopping = new AbortController();
  const share = new LeftoverShare(0.00001, stopping.signal);
  await share.rest();
  // Had it begun to rest, it would not be here.
  stopping.abort();
});
