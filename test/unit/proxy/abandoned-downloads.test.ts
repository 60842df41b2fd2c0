import { strict as assert } from "node:assert";
import { test } from "node:test";
import { AbandonedDownloads } from "../../../src/proxy/downloads/abandoned-downloads.js";

/** So slow that nothing becomes free during a test. */
const pace = { perSecond: 0.06, atOnce: 2 };

const clientAt = (network: string) => ({ address: network, network });

/** Whether it may begin at once; otherwise it leaves. */
async function mayBegin(abandoned: AbandonedDownloads, network: string): Promise<boolean> {
  const leaving = new AbortController();
  const waiting = abandoned.untilMayBegin({ caller: clientAt(network), signal: leaving.signal }).then(
    () => true,
    () => false,
  );
  await new Promise(setImmediate);
  leaving.abort();
  return waiting;
}

test("a client that has left more downloads than allowed at once waits, and other clients do not", async () => {
  const abandoned = new AbandonedDownloads(pace);
  for (let count = 0; count < 2; count++) {
    abandoned.note(clientAt("192.0.2.1"));
    assert.ok(await mayBegin(abandoned, "192.0.2.1"), `it waited after ${count + 1}`);
  }
  abandoned.note(clientAt("192.0.2.1"));
  assert.ok(!(await mayBegin(abandoned, "192.0.2.1")), "it did not wait");
  assert.ok(await mayBegin(abandoned, "192.0.2.2"), "another client waited");
});

test("a client that would wait longer than clients do is told to come back later", async () => {
  const abandoned = new AbandonedDownloads(pace);
  for (let count = 0; count < 5; count++) abandoned.note(clientAt("192.0.2.1"));
  const { signal } = new AbortController();
  await assert.rejects(abandoned.untilMayBegin({ caller: clientAt("192.0.2.1"), signal }), {
    code: "TOOMANYREQUESTS",
    message: /left too many downloads/,
  });
});

test("of many downloads that wait, one begins at a time", async () => {
  const abandoned = new AbandonedDownloads({ perSecond: 2, atOnce: 1 });
  for (let count = 0; count < 2; count++) abandoned.note(clientAt("192.0.2.1"));
  const leaving = new AbortController();
  const beginning = () => abandoned.untilMayBegin({ caller: clientAt("192.0.2.1"), signal: leaving.signal });
  const all = Array.from({ length: 8 }, beginning);
  await Promise.race(all);
  leaving.abort();
  const begun = (await Promise.allSettled(all)).filter(({ status }) => status === "fulfilled");
  assert.equal(begun.length, 1);
});
