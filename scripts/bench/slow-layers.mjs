// Shows that many slow cold layers delay no one: node scripts/bench/slow-layers.mjs [LAYERS] [SECONDS]
// Each layer's body takes SECONDS at the upstream; meanwhile 200 clients pull a warm layer again and again.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { projectRoot } from "./project-root.mjs";

const layerCount = Number(process.argv[2] ?? 64);
const bodySeconds = Number(process.argv[3] ?? 20);
const warmClients = 200;
const layerBytes = 2_000_000;

const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const layers = new Map(Array.from({ length: layerCount }, () => randomBytes(layerBytes)).map((b) => [digestOf(b), b]));
const warm = randomBytes(50_000);
const asked = new Map();
const answered = new Map();

const upstream = createServer(async (request, response) => {
  const digest = request.url.split("/").at(-1);
  const bytes = layers.get(digest) ?? (digest === digestOf(warm) ? warm : undefined);
  if (bytes === undefined) return response.writeHead(request.url === "/v2/" ? 200 : 404).end();
  asked.set(digest, performance.now());
  response.writeHead(200, { "Content-Length": bytes.length }).flushHeaders();
  answered.set(digest, performance.now());
  if (bytes === warm || request.method === "HEAD") return response.end(request.method === "HEAD" ? undefined : bytes);
  const step = Math.ceil(bytes.length / (bodySeconds * 5));
  for (let start = 0; start < bytes.length && !response.destroyed; start += step) {
    response.write(bytes.subarray(start, start + step));
    await delay(200);
  }
  response.end();
});
await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));

const folder = mkdtempSync(join(tmpdir(), "berth-slow-layers-"));
const port = 20_000 + Math.floor(Math.random() * 20_000);
const berth = spawn(process.execPath, [join(projectRoot, "dist/main.js"), "serve"], {
  cwd: folder,
  stdio: "ignore",
  env: {
    ...process.env,
    BERTH_MODE: "proxy",
    BERTH_SERVER_PORT: String(port),
    BERTH_STORAGE_FILESYSTEM_ROOT: join(folder, "data"),
    BERTH_PROXY_DEFAULT: "up.test",
    BERTH_PROXY_UPSTREAMS: JSON.stringify([{ name: "up.test", url: `http://127.0.0.1:${upstream.address().port}` }]),
  },
});
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const url = (digest) => `http://127.0.0.1:${port}/v2/library/app/blobs/${digest}`;

/** Resolves at the end, with the time when the headers arrived. */
function pull(digest) {
  return new Promise((resolve, reject) => {
    const request = get(url(digest), { agent }, (response) => {
      const headersAt = performance.now();
      let length = 0;
      response.on("data", (chunk) => {
        length += chunk.length;
      });
      response.on("end", () => resolve({ status: response.statusCode, headersAt, length }));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}

/** Warm pulls per second over some seconds, by 200 clients. */
async function warmRate(seconds) {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  const client = async () => {
    for (; performance.now() < end; count++) {
      const { status } = await pull(digestOf(warm));
      if (status !== 200) throw new Error(`a warm pull got ${status}`);
    }
  };
  await Promise.all(Array.from({ length: warmClients }, client));
  return count / seconds;
}

try {
  for (let tries = 0; ; tries++) {
    const isUp = await pull(digestOf(warm)).catch(() => undefined);
    if (isUp?.status === 200) break;
    if (tries > 100) throw new Error("Berth did not start");
    await delay(100);
  }
  const seconds = Math.min(8, bodySeconds / 2);
  await warmRate(2);
  const alone = await warmRate(seconds);
  const startedAt = performance.now();
  const pulls = [...layers.keys()].map(async (digest) => ({ digest, ...(await pull(digest)) }));
  const beside = await warmRate(seconds);
  const results = await Promise.all(pulls);
  const latestQuestion = Math.max(...results.map(({ digest }) => asked.get(digest) - startedAt));
  const latestHeaders = Math.max(...results.map(({ digest, headersAt }) => headersAt - answered.get(digest)));
  const bad = results.filter(({ status, length }) => status !== 200 || length !== layerBytes).length;
  const rows = [
    ["layers that did not arrive", bad, bad === 0],
    ["latest request to the upstream, ms after its client's", Math.round(latestQuestion), latestQuestion < 2000],
    ["latest headers, ms after the upstream's", Math.round(latestHeaders), latestHeaders < 2000],
    ["warm pulls per second, alone and meanwhile", `${alone.toFixed(0)} ${beside.toFixed(0)}`, beside >= 0.8 * alone],
  ];
  for (const [what, value, isReached] of rows) console.log(`${isReached ? "ok  " : "MISS"} ${what}: ${value}`);
  process.exitCode = rows.every(([, , isReached]) => isReached) ? 0 : 1;
} finally {
  berth.kill();
  upstream.closeAllConnections();
  upstream.close();
  agent.destroy();
  await delay(500);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
