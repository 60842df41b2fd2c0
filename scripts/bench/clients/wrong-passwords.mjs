// Guesses passwords over many connections, and prints the slowest of a hundred concurrent GET /v2/.
import { randomBytes } from "node:crypto";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { port, clients, basic, warmup, seconds } = JSON.parse(process.argv[2]);
const deadline = performance.now() + seconds * 1000;
const agent = new Agent({ keepAlive: true });
const signal = AbortSignal.timeout(seconds * 1000);

let guesses = 0;
const guessing = Array.from({ length: clients }, async () => {
  while (performance.now() < deadline) {
    const guess = Buffer.from(`user${guesses++ % 200}:${randomBytes(9).toString("hex")}`).toString("base64");
    await statusOf({ Authorization: `Basic ${guess}` }).catch(() => undefined);
  }
});

// The pulls beside it have the same: a Node server is slow in its first second, while it compiles.
await sleep(warmup * 1000);
let slowestMs = 0;
for (let asked = 0; asked < 100; asked++) {
  await sleep(((seconds - warmup) * 1000) / 110);
  const before = performance.now();
  const status = await statusOf(basic).catch(() => 0);
  if (status !== 200 && performance.now() < deadline) throw new Error(`GET /v2/: ${status}`);
  slowestMs = Math.max(slowestMs, performance.now() - before);
}
await Promise.all(guessing);
agent.destroy();
console.log(JSON.stringify({ slowestMs, guesses }));

function statusOf(headers) {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path: "/v2/", headers, agent, signal }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
