// Counts the files and functions of Berth that a manifest GET passes: npm run count:steps -- --help
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { Session } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const compiled = new URL("../.build/src/", import.meta.url);
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** What runs in each of this many GETs is one of its steps; what runs only in some is a timer, or background work. */
const rounds = 5;

/** Work after a response, such as recording when a tag was requested, belongs to its GET. */
const settleMs = 300;

/** A new connection starts a timer of one second, which is not a step of a GET. */
const restMs = 1_500;

/** Targets for a GET that finds everything in memory, and for one that asks the upstream. */
const reach = { warm: { files: 20, functions: 45 }, cold: { files: 45, functions: 180 } };

/** First without, then with what a disk driver and a log add. */
const surroundings = {
  "in memory": { storage: "{ driver: memory }", accessLog: false },
  "on disk, logged": { storage: "{ filesystem: { root: data } }", accessLog: true },
};

const { values: options } = parseArgs({
  options: { list: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
});

async function main() {
  const upstream = await startUpstream();
  const url = `http://127.0.0.1:${upstream.address().port}`;
  const counted = [];
  try {
    for (const [where, settings] of Object.entries(surroundings)) {
      const ofPrivate = await withBerth({ mode: "private", ...settings }, countPrivate);
      const ofProxy = await withBerth({ mode: "proxy", upstreams: upstreamText(url), ...settings }, countProxy);
      for (const [title, row] of Object.entries({ ...ofPrivate, ...ofProxy })) {
        counted.push({ title: `${title}, ${where}`, ...row });
      }
    }
  } finally {
    upstream.close();
    upstream.closeAllConnections();
  }
  report(counted);
}

async function countPrivate(client) {
  await push(client, "team/app");
  await client.pull("team/app");
  return { "private, warm": { kind: "warm", steps: await countSteps(() => client.pull("team/app")) } };
}

async function countProxy(client) {
  // What is done once, such as the first connection to the upstream, is not a step of a GET.
  for (const name of ["library/first", "library/second"]) await client.pull(name);
  return {
    "proxy, warm": { kind: "warm", steps: await countSteps(() => client.pull("library/first")) },
    "proxy, cold": { kind: "cold", steps: await countSteps((round) => client.pull(`library/cold-${round}`)) },
  };
}

/** An upstream with every image: each has its own manifest, and no other content is requested. */
async function startUpstream() {
  const server = createServer(({ url, method }, response) => {
    const name = /^\/v2\/(.+)\/manifests\//.exec(url)?.[1];
    const { bytes, headers } = contentOf(name);
    response.writeHead(200, headers);
    response.end(method === "HEAD" ? undefined : bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function contentOf(name) {
  const bytes = Buffer.from(name === undefined ? "{}" : JSON.stringify(manifestOf(name)));
  const digest = digestOf(bytes);
  const type = name === undefined ? "application/json" : manifestType;
  return { bytes, headers: { "content-type": type, "content-length": bytes.length, "docker-content-digest": digest } };
}

function manifestOf(name) {
  const empty = Buffer.from("{}");
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: empty.length };
  return { schemaVersion: 2, mediaType: manifestType, config, layers: [config], annotations: { name } };
}

function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Runs an action with a Berth in this process, assembled as `berth serve` does. */
async function withBerth(settings, work) {
  const [{ loadConfig }, { openServer }, { createLogger }] = await Promise.all(
    ["config/load.js", "serving/open-server.js", "observability/winston-logger.js"].map(
      (file) => import(new URL(file, compiled)),
    ),
  );
  const directory = mkdtempSync(join(tmpdir(), "berth-steps-"));
  const file = join(directory, "berth.yml");
  writeFileSync(file, configText(settings));
  const { config } = await loadConfig({ file, environment: {}, directory });
  const log = createLogger(config.log, new Writable({ write: (_lines, _encoding, done) => done() }));
  const { server, close } = await openServer(config, log);
  const { port } = await server.listen();
  const client = new Client(port);
  try {
    return await work(client);
  } finally {
    client.close();
    await server.stop(0);
    await close();
    rmSync(directory, { recursive: true });
  }
}

function configText({ mode, storage, accessLog, upstreams = "" }) {
  return `
mode: ${mode}
server: { port: 0 }
log: { access: ${accessLog} }
storage: ${storage}
${upstreams}`;
}

function upstreamText(url) {
  return `
proxy:
  default: docker.io
  upstreams: [{ name: docker.io, url: "${url}", network: private, tagTtl: 1h }]`;
}

/** Sends requests over one connection, as clients do: accepting it is not a step of a GET. */
class Client {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port) {
    this.port = port;
  }

  pull(name) {
    return this.send("GET", `/v2/${name}/manifests/latest`);
  }

  send(method, path, { bytes, headers } = {}) {
    return new Promise((resolve, reject) => {
      const asked = request({ port: this.port, agent: this.#agent, method, path, headers });
      asked.on("error", reject).on("response", (response) => {
        if (response.statusCode >= 300) reject(new Error(`${method} ${path}: ${response.statusCode}`));
        response.resume().on("end", resolve);
      });
      asked.end(bytes);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

async function push(client, name) {
  const empty = contentOf(undefined);
  await client.send("POST", `/v2/${name}/blobs/uploads/?digest=${digestOf(empty.bytes)}`, {
    bytes: empty.bytes,
    headers: { "content-length": empty.bytes.length },
  });
  await client.send("PUT", `/v2/${name}/manifests/latest`, contentOf(name));
}

/** @returns the functions that each of several GETs calls, as `file name` */
async function countSteps(act) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await sleep(restMs);
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  let inAll;
  for (let round = 0; round < rounds; round++) {
    await session.post("Profiler.takePreciseCoverage");
    await act(round);
    await sleep(settleMs);
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const called = new Set(result.flatMap(calledFunctions));
    inAll =
      inAll === undefined
        ? called
        : (inAll.intersection?.(called) ?? new Set([...inAll].filter((one) => called.has(one))));
  }
  session.disconnect();
  return [...inAll].sort();
}

/** The code of a module, which runs once when it is loaded, is an unnamed function at the start of its file. */
function calledFunctions({ url, functions }) {
  if (!url.startsWith(compiled.href)) return [];
  return functions
    .filter(({ ranges: [{ count, startOffset }] }) => count > 0 && startOffset > 0)
    .map(
      ({ functionName, ranges: [{ startOffset }] }) =>
        `${url.slice(compiled.href.length)} ${functionName || "=>"} @${startOffset}`,
    );
}

function report(counted) {
  const line = (cells) => console.log(`| ${cells.join(" | ")} |`);
  line(["manifest GET".padEnd(30), "files", "reach", "functions", "reach"]);
  line(["-".repeat(30), "-----", "-----", "---------", "-----"]);
  for (const { title, kind, steps } of counted) {
    const files = new Set(steps.map((step) => step.split(" ")[0])).size;
    const { files: filesToReach, functions } = reach[kind];
    const cells = [String(files).padEnd(5), String(filesToReach).padEnd(5), String(steps.length).padEnd(9), functions];
    line([title.padEnd(30), ...cells.slice(0, 3), String(cells[3]).padEnd(5)]);
  }
  if (!options.list) return;
  for (const { title, steps } of counted) console.log(`\n${title}:\n${steps.join("\n")}`);
}

if (options.help) console.log("npm run count:steps [-- --list]\n\n  --list  name each function, by its file");
else await main();
