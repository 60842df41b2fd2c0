// Many clients that ask for one blob at the same moment, some of them slowly. Prints when each of the fast ones got its
// first byte, and when the last of them had all; the slow ones are then sent away.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { CheckedBody } from "./checked-body.mjs";

const { port, path, file, fast, slow, limitSeconds } = JSON.parse(process.argv[2]);
const blob = readFileSync(file);
const shared = Buffer.allocUnsafe(256 * 1024);
const slowSockets = new Set();

const started = performance.now();
const slowRate = slow.bytesPerSecond / slow.count;
for (let client = 0; client < slow.count; client++) download(slowRate).catch(fail);
const late = setTimeout(() => fail(new Error(`not done after ${limitSeconds} s`)), limitSeconds * 1000);
const firstBytes = await Promise.all(Array.from({ length: fast }, () => download()));
clearTimeout(late);
console.log(JSON.stringify({ firstBytes, seconds: secondsSince(started) }));
for (const socket of slowSockets) socket.destroy();

/** Every connection reads into one buffer, so that the client costs little. Gives the seconds until the first byte. */
function download(bytesPerSecond) {
  return new Promise((resolve, reject) => {
    const body = new CheckedBody(blob, () => secondsSince(started));
    const callback = (length) => {
      body.take(shared.subarray(0, length));
      const aheadMs = bytesPerSecond && (body.position / bytesPerSecond) * 1000 - (performance.now() - started);
      if (!(aheadMs > 1)) return true;
      setTimeout(() => socket.resume(), aheadMs);
      return false;
    };
    const socket = connect({ port, host: "127.0.0.1", onread: { buffer: shared, callback } });
    if (bytesPerSecond) slowSockets.add(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    socket.on("error", reject).on("close", () => {
      if (body.position === blob.length || slowSockets.has(socket)) resolve(body.firstByte);
      else reject(new Error(`a download ended after ${body.position} bytes`));
    });
  });
}

function secondsSince(moment) {
  return (performance.now() - moment) / 1000;
}

function fail(error) {
  console.error(error);
  process.exit(1);
}
