import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { readPush } from "../../../src/private/read-push.js";

const unhurried = new AbortController().signal;

function push(bytes: Buffer) {
  return { reference: parseTag("v1"), bytes, contentType: mediaTypes.ociIndex, tags: [] };
}

function indexOf(filling: number): Buffer {
  const annotations = { filling: "x".repeat(filling) };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], annotations }));
}

test("the bytes of a large push are moved to the thread and back, and freed when it is stored", async () => {
  const expected = indexOf(1_000_000);
  const received = Buffer.allocUnsafeSlow(expected.length);
  expected.copy(received);
  const stored = await readPush(push(received), unhurried, async ({ bytes }) => {
    assert.equal(received.length, 0, "they were not copied");
    assert.ok(bytes.equals(expected));
    return bytes;
  });
  assert.equal(stored.length, 0);
});

test("the bytes of a large push are freed if it cannot be stored", async () => {
  let read: Buffer | undefined;
  const failing = readPush(push(indexOf(1_000_000)), unhurried, async ({ bytes }) => {
    read = bytes;
    throw new Error("no room");
  });
  await assert.rejects(failing, /no room/);
  assert.equal(read?.length, 0);
});

test("the bytes of a small push stay, since the storage remembers them", async () => {
  const expected = indexOf(10);
  const stored = await readPush(push(Buffer.from(expected)), unhurried, async ({ bytes }) => bytes);
  assert.ok(stored.equals(expected));
});
