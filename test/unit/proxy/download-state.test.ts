import { strict as assert } from "node:assert";
import { test } from "node:test";
import { DownloadState } from "../../../src/proxy/downloads/download-state.js";

const { signal } = new AbortController();

test("all but the last byte of a blob may be read until its digest is proved", async () => {
  const state = new DownloadState(10);
  state.begin(10);
  state.arrived(10);
  assert.equal(state.readable, 9);
  state.prove(10);
  assert.deepEqual([state.stage, state.readable], ["proved", 10]);
  await state.untilReadable(9, signal);
});

test("clients are told no size if the upstream announces another one than the manifest", () => {
  const state = new DownloadState(10);
  state.begin(12);
  assert.equal(state.size, undefined);
  state.arrived(12);
  assert.equal(state.readable, 11);
});

test("the first size that clients were told stays, and another one cannot be proved", () => {
  const state = new DownloadState(undefined);
  state.begin(10);
  state.begin(12);
  assert.equal(state.size, 10);
  assert.throws(() => state.prove(12), /the blob has 12 bytes, not 10/);
});

test("what arrived before a failure can be read, and whoever waits for more gets the failure", async () => {
  const state = new DownloadState(10);
  state.begin(10);
  state.arrived(5);
  const waiting = state.untilReadable(5, signal);
  state.fail(new Error("cut off"));
  await assert.rejects(waiting, /cut off/);
  await state.untilReadable(4, signal);
});

test("a download that has ended stays as it ended", () => {
  const state = new DownloadState(undefined);
  state.fail(new Error("first"));
  state.fail(new Error("second"));
  state.store();
  assert.deepEqual([state.stage, state.failure?.message], ["failed", "first"]);
});

test("a client that leaves stops waiting", async () => {
  const client = new AbortController();
  const waiting = new DownloadState(undefined).untilAsked(client.signal);
  client.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
});
