import { strict as assert } from "node:assert";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { type BerthProcess, startBerth, workersOf } from "../support/berth-process.js";
import { expectStatus, listTags, pullBlob, pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { Daemon } from "../support/daemon.js";
import { projectRoot } from "../support/project.js";
import { RawConnection } from "../support/raw-connection.js";
import type { OpenAnswer } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { offsetOf, resumeAsTold, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const twoWorkers = { workers: 2 };

/** More than the kernel buffers between the two ends of a connection. */
const large = seededBytes("large", 40_000_000);

test("a worker that dies is restarted, with a line that says why, and the others serve meanwhile", async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  const [first] = workersOf(berth);
  process.kill(first ?? 0, "SIGKILL");
  await waitUntil("another has its place", () => {
    const now = workersOf(berth);
    return (now.length === 2 && !now.includes(first ?? 0)) || undefined;
  });
  await answeredBy(berth, 2);
  assert.match(
    berth.daemon.output,
    new RegExp(`warn  a worker died and is restarted worker=\\d pid=${first} signal=SIGKILL`),
  );
  for (let round = 0; round < 4; round++) expectStatus(await berth.client.get("/v2/"), 200, "any of the two");
});

test("workers do not outlive the process that started them", async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  const workers = workersOf(berth);
  assert.equal(workers.length, 2);
  await berth.daemon.kill();
  await waitUntil("both are gone", () => !workers.some(isRunning) || undefined);
});

test("on a stop, all workers let running transfers finish, and Berth exits with 0", { timeout: 60_000 }, async (t) => {
  const berth = await startBerth(new Scope(t), { server: { ...twoWorkers, shutdownGrace: "1h" } });
  const downloads = await beginDownloads(berth);
  berth.daemon.signal("SIGTERM");
  await waitUntil("it refuses connections", () =>
    berth.client.get("/v2/").then(
      () => undefined,
      () => true,
    ),
  );
  assert.ok(berth.daemon.isRunning);
  for (const { stream } of downloads) assert.deepEqual(await buffer(stream), large);
  assert.deepEqual(await berth.daemon.exited, { code: 0, signal: undefined });
  assert.equal(berth.daemon.output.match(/ stopped\n/g)?.length, 1);
});

test("a second signal ends running transfers on all workers", { timeout: 60_000 }, async (t) => {
  const berth = await startBerth(new Scope(t), { server: { ...twoWorkers, shutdownGrace: "1h" } });
  await answeredBy(berth, 2);
  const downloads = await beginDownloads(berth);
  await waitUntil("the second signal is heeded", () => {
    const hears = !berth.daemon.output.includes("stopping at once");
    if (hears) berth.daemon.signal("SIGTERM");
    return hears ? undefined : true;
  });
  assert.deepEqual(await berth.daemon.exited, { code: 0, signal: undefined });
  for (const { stream } of downloads) await assert.rejects(buffer(stream));
});

test("workers that cannot start report the reason once, and Berth exits with 1", { timeout: 60_000 }, async (t) => {
  const scope = new Scope(t);
  const other = createServer().listen(0, "127.0.0.1");
  scope.defer(() => other.close());
  await waitUntil("the port is taken", () => other.listening || undefined);
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const daemon = serve(scope, { BERTH_SERVER_PORT: `${port}`, BERTH_STORAGE_FILESYSTEM_ROOT: await scope.folder() });
  assert.deepEqual(await daemon.exited, { code: 1, signal: undefined });
  assert.match(daemon.output, /^berth: server\.port: port \d+ on 127\.0\.0\.1 is in use by another program[^\n]*\n$/);
});

test("any free port is one for all workers", async (t) => {
  const scope = new Scope(t);
  const daemon = serve(scope, { BERTH_SERVER_PORT: "0", BERTH_STORAGE_FILESYSTEM_ROOT: await scope.folder() });
  await waitUntil("it serves", () => / serving .* workers=2\n/.test(daemon.output) || undefined);
  const ports = [...daemon.output.matchAll(/ address=http:\/\/127\.0\.0\.1:(\d+) /g)].map(([, port]) => port);
  assert.equal(ports.length, 1);
});

test("lines of several workers never mix, and name the worker", { timeout: 60_000 }, async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers, log: { format: "json" } });
  await answeredBy(berth, 2);
  const path = `/v2/${"long/".repeat(40)}name/tags/list`;
  const sender = async () => {
    const connection = await RawConnection.open(new Scope(t), berth.port);
    connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(499));
    connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await connection.closed;
  };
  await Promise.all(Array.from({ length: 8 }, sender));
  await berth.daemon.stop();
  const [, ...lines] = berth.daemon.output.split("\n").slice(0, -1);
  const workers = lines.map((line) => JSON.parse(line)).map(({ event, worker }) => (event === "request" ? worker : 0));
  assert.deepEqual([...new Set(workers)].sort(), [0, 1, 2]);
});

test("all workers together keep to the limit of open connections, whichever worker they reach", async (t) => {
  const scope = new Scope(t);
  const { port } = await startBerth(scope, { server: { ...twoWorkers, maxConnections: 4 } });
  const connections = await Promise.all(Array.from({ length: 12 }, () => RawConnection.open(scope, port)));
  await waitUntil(
    "the others are closed",
    () => connections.filter(({ socket }) => !socket.destroyed).length <= 4 || undefined,
  );
});

test("workers that are killed again and again are back within moments, and no request hangs", {
  timeout: 120_000,
}, async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  await answeredBy(berth, 2);
  let isOver = false;
  const answers = { served: 0, broken: 0 };
  const asking = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await berth.client.get("/v2/").then(
        () => answers.served++,
        () => answers.broken++,
      );
    }
  });
  for (let round = 0; round < 8; round++) {
    const victims = workersOf(berth);
    for (const victim of round % 2 === 0 ? victims : victims.slice(0, 1)) process.kill(victim, "SIGKILL");
    await waitUntil("others have their places", () => {
      const now = workersOf(berth);
      return (now.length === 2 && !now.some((pid) => victims.slice(0, 1).includes(pid))) || undefined;
    });
    await waitUntil("Berth serves", () =>
      berth.client.get("/v2/").then(
        () => true,
        () => undefined,
      ),
    );
  }
  isOver = true;
  // A request that hangs would delay this.
  await Promise.all(asking);
  const pauses = [...berth.daemon.output.matchAll(/ pauseSeconds=([\d.]+)/g)].map(([, seconds]) => Number(seconds));
  assert.ok(pauses.length >= 8 && pauses.every((seconds) => seconds <= 2), pauses.join(" "));
  assert.ok(answers.served > 0);
});

test("a stuck worker does not keep Berth from ending after the grace period", { timeout: 60_000 }, async (t) => {
  const berth = await startBerth(new Scope(t), { server: { ...twoWorkers, shutdownGrace: "0s" } });
  await answeredBy(berth, 2);
  process.kill(workersOf(berth)[0] ?? 0, "SIGSTOP");
  berth.daemon.signal("SIGTERM");
  assert.deepEqual(await berth.daemon.exited, { code: 0, signal: undefined });
});

test("an upload whose parts reach different workers is complete, and visible at once to all", async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  await answeredBy(berth, 2);
  const bytes = seededBytes("parts", 900_000);
  for (const name of ["one", "two", "three", "four"]) {
    const session = await startUpload(berth.client, name);
    for (let offset = 0; offset < bytes.length; offset += 100_000) {
      const headers = { "content-range": `${offset}-${offset + 99_999}` };
      const part = await berth.client.request("PATCH", session, {
        headers,
        body: bytes.subarray(offset, offset + 100_000),
      });
      expectStatus(part, 202, `part at ${offset}`);
    }
    expectStatus(await berth.client.request("PUT", `${session}?digest=${digestOf(bytes)}`), 201, "its end");
    for (let round = 0; round < 4; round++) await pullBlob(berth.client, name, digestOf(bytes));
  }
  await pushBlob(berth.client, "one", seededBytes("whole", 1000));
});

/** Downloads that have begun, on both workers, and wait for their readers. */
async function beginDownloads({ client }: BerthProcess): Promise<OpenAnswer[]> {
  await pushBlob(client, "app", large);
  const path = `/v2/app/blobs/${digestOf(large)}`;
  const downloads = await Promise.all(Array.from({ length: 4 }, () => client.open("GET", path)));
  for (const { stream } of downloads) await once(stream, "readable");
  return downloads;
}

test("what was pushed or deleted through one worker is visible at once to all others", {
  timeout: 120_000,
}, async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  await answeredBy(berth, 2);
  const { client } = berth;
  // Requests go to the workers in turn: with an odd number, each of them both sees and writes.
  const everywhere = async (what: () => Promise<unknown>, expected: unknown) => {
    for (let asked = 0; asked < 3; asked++) assert.deepEqual(await what(), expected);
  };
  const digestNow = async () => (await client.head("/v2/team/app/manifests/latest")).headers["docker-content-digest"];
  for (let round = 0; round < 10; round++) {
    const image = await pushSmallImage(client, "team/app", `layer ${round}`, { tag: "latest" });
    await everywhere(digestNow, image.descriptor.digest);
    await pushManifest(client, "team/app", image, `v${round}`);
    const tags = ["latest", ...Array.from({ length: round + 1 }, (_, index) => `v${index}`)].sort();
    await everywhere(() => listTags(client, "team/app"), tags);
    await pushSmallImage(client, `team/other-${round}`, "layer", { tag: "latest" });
    const catalog = async () => JSON.parse(String((await client.get("/v2/_catalog?n=1000")).body)).repositories;
    const others = Array.from({ length: round + 1 }, (_, index) => `team/other-${index}`).sort();
    await everywhere(catalog, ["team/app", ...others]);
  }
  for (let round = 9; round > 0; round--) {
    expectStatus(await client.request("DELETE", `/v2/team/app/manifests/v${round}`), 202, "deletion of a tag");
    await everywhere(async () => (await client.head(`/v2/team/app/manifests/v${round}`)).status, 404);
  }
  const digest = await digestNow();
  expectStatus(await client.request("DELETE", `/v2/team/app/manifests/${digest}`), 202, "deletion of a manifest");
  await everywhere(async () => (await client.head(`/v2/team/app/manifests/${digest}`)).status, 404);
  await everywhere(() => listTags(client, "team/app"), ["v0"]);
});

test("a client that reconnects through another worker need not wait for its own dead connection", async (t) => {
  const berth = await startBerth(new Scope(t), { server: twoWorkers });
  await answeredBy(berth, 2);
  const { client } = berth;
  const bytes = seededBytes("resumed", 2_000_000);
  const session = await startUpload(client, "app");
  const dead = client.start("PATCH", session);
  await dead.send(bytes.subarray(0, 1_000_000));
  await waitUntil("something arrived", async () => ((await offsetOf(client, session)) ?? 0) > 0 || undefined);
  // Whichever worker has the dead one, the next two requests reach both.
  const resumed = async () => resumeAsTold(client, session, { bytes, digest: digestOf(bytes) });
  const before = performance.now();
  await resumed();
  t.diagnostic(`resumed after ${Math.round(performance.now() - before)} ms`);
  await assert.rejects(async () => expectStatus(await dead.answer, 202, "the dead one"));
  await pullBlob(client, "app", digestOf(bytes));
});

/** Berth with two workers, which may not even start. */
function serve(scope: Scope, environment: Record<string, string>): Daemon {
  const args = [`${projectRoot}/dist/main.js`, "serve"];
  return new Daemon(scope, process.execPath, args, { BERTH_SERVER_WORKERS: "2", ...environment });
}

/** Waits until so many workers have answered something. */
async function answeredBy({ client, daemon }: BerthProcess, count: number): Promise<void> {
  await waitUntil(`${count} workers answer`, async () => {
    await client.get("/v2/");
    const workers = new Set(
      [...daemon.output.matchAll(/ worker=(\d)\n|"worker":(\d)/g)].map(([, text, json]) => text ?? json),
    );
    return workers.size >= count || undefined;
  });
}

/** A zombie, whose parent has not waited for it yet, does not count as running. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}
