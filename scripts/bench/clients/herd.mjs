// Many clients request one blob at the same time, some of them slow. Prints when each of the fast ones got its first
// byte, and when the last of them had everything. Ends then, or at the limit.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CheckedBody } from "./checked-body.mjs";

const { port, path, file, fast, slow, limitSeconds } = JSON.parse(process.argv[2]);
const blob = readFileSync(file);
const shared = Buffer.allocUnsafe(256 * 1024);

const started = performance.now();
const slowRate = slow.bytesPerSecond / slow.count;
for (let client = 0; client < slow.count; client++) download(slowRate).catch(fail);
const all = Promise.all(Array.from({ length: fast }, () => download()));
const firstBytes = await Promise.race([all, sleep(limitSeconds * 1000)]);
console.log(JSON.stringify({ firstBytes, seconds: secondsSince(started) }));
process.exit();

/** All connections read into one buffer, so that the client costs little. Returns the seconds until the first byte. */
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
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    socket.on("error", reject).on("close", () => {
      if (body.position === blob.length) resolve(body.firstByte);
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
