import { strict as assert } from "node:assert";
import { Socket } from "node:net";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Sips } from "../../../src/http/connections/sips.js";
import { Turns } from "../../../src/http/connections/turns.js";

/** As much as Node reads at a time. */
const readBytes = 64 * 1024;

/** A connection on which a body is being received, and the sizes of the pieces that are parsed. */
function receiving(parse: () => void) {
  const socket = new Socket();
  const pieces: number[] = [];
  socket.on("data", (piece) => {
    pieces.push(piece.length);
    parse();
  });
  const reader = {
    hold: () => {},
    mayParse: () => true,
    parsed: () => sips.next(),
    isReceiving: () => true,
    contentPieces: () => pieces.length,
  };
  const sips = new Sips(socket, reader, new Turns());
  let read = 0;
  const readMore = () => {
    read += readBytes;
    socket.emit("data", Buffer.alloc(readBytes));
  };
  const isParsed = () => pieces.reduce((sum, bytes) => sum + bytes, 0) === read;
  return { pieces, readMore, isParsed };
}

function spend(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test("a body that is parsed quickly is soon parsed as it is read, without waiting for a turn", async () => {
  const { pieces, readMore, isParsed } = receiving(() => {});
  for (let reads = 0; pieces.at(-1) !== readBytes; reads++) {
    assert.ok(reads < 1_000, `the last piece had ${pieces.at(-1)} bytes`);
    readMore();
    while (!isParsed()) await setImmediate();
  }
  readMore();
  assert.ok(isParsed());
});

test("a body that begins to take long is parsed in ever smaller pieces, each in a turn", async () => {
  let costMs = 0;
  const { pieces, readMore, isParsed } = receiving(() => spend(costMs));
  while (pieces.at(-1) !== readBytes) {
    readMore();
    while (!isParsed()) await setImmediate();
  }
  costMs = 2;
  readMore();
  readMore();
  assert.ok(!isParsed());
  while (!isParsed()) await setImmediate();
  assert.equal(pieces.at(-1), 256);
});
