import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Digester, digestOf } from "../../../src/oci/digest.js";
import { hashed, measured } from "../../../src/private/chunk-content.js";
import { chunk, incoming } from "../../support/private-repository.js";

const patient = new AbortController().signal;

test("a chunk without a range is passed on as it arrives", async () => {
  assert.equal(await textOf(measured(chunk("hello ", "", "world"), patient)), "hello world");
});

test("a chunk of the announced length is passed on", async () => {
  assert.equal(await textOf(measured({ ...chunk("hel", "lo"), range: { start: 7, end: 11 } }, patient)), "hello");
});

test("a chunk that is too long is passed on up to the announced length, and then refused", async () => {
  const taken: string[] = [];
  await assert.rejects(take(measured({ ...chunk("hel", "lo!"), range: { start: 0, end: 4 } }, patient), taken), {
    code: "SIZE_INVALID",
  });
  assert.equal(taken.join(""), "hello");
});

test("a chunk that is too short is refused at its end", async () => {
  const taken: string[] = [];
  await assert.rejects(take(measured({ ...chunk("hel"), range: { start: 0, end: 4 } }, patient), taken), {
    code: "SIZE_INVALID",
  });
  assert.equal(taken.join(""), "hel");
});

test("what arrived before the connection broke is passed on", async () => {
  const taken: string[] = [];
  await assert.rejects(take(measured(chunk("hel", undefined), patient), taken), /connection is gone/);
  assert.equal(taken.join(""), "hel");
});

test("content ends with the signal's reason when it is aborted, before or while it arrives", async () => {
  const reasons: unknown[] = [];
  const content = { ...incoming("a", "b"), break: (reason: Error) => void reasons.push(reason) };
  const reason = new Error("taken over");
  await textOf(measured({ content }, AbortSignal.abort(reason)));
  const giveUp = new AbortController();
  for await (const _ of measured({ content }, giveUp.signal)) giveUp.abort(reason);
  assert.deepEqual(reasons, [reason, reason]);
});

test("what was stored is hashed", async () => {
  const digester = new Digester();
  assert.equal(await textOf(hashed(incoming("hello ", "world"), digester)), "hello world");
  assert.equal(digester.length, 11);
  assert.equal(digester.digest(), digestOf(Buffer.from("hello world")));
});

test("what could not be stored is not hashed", async () => {
  const digester = new Digester();
  const failsToStore = async () => {
    for await (const bytes of hashed(incoming("kept", "lost", "never asked for"), digester))
      if (bytes.toString() === "lost") throw new Error("the disk is full");
  };
  await assert.rejects(failsToStore(), /full/);
  assert.equal(digester.length, 4);
  assert.equal(digester.digest(), digestOf(Buffer.from("kept")));
});

async function take(content: AsyncIterable<Buffer>, into: string[]): Promise<void> {
  for await (const bytes of content) into.push(bytes.toString());
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const taken: string[] = [];
  await take(content, taken);
  return taken.join("");
}
