import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { type BerthProcess, startBerth, workersOf } from "../support/berth-process.js";
import { expectStatus, pullBlob, pushBlob, seededBytes } from "../support/content.js";
import { Daemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { copyOfProject } from "../support/project-copy.js";
import { locationOf, type OpenAnswer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

/** More than the kernel buffers between the two ends of a connection. */
const large = seededBytes("large", 60_000_000);
const digest = digestOf(large);

test("a stopping Berth refuses new connections, lets a slow download and an upload finish, and exits with 0", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { client, daemon } = berth;
  await pushBlob(client, "app", large);
  const download = await beginDownload(berth);
  const small = seededBytes("small", 100_000);
  const upload = client.start("PUT", `${await startUpload(client, "app")}?digest=${digestOf(small)}`);
  await upload.send(small.subarray(0, 50_000));

  daemon.signal("SIGTERM");
  await untilRefused(berth);
  await upload.send(small.subarray(50_000));
  expectStatus(await upload.end(), 201, "end of the upload");
  assert.equal(await digestOfRest(download), digest);
  assert.deepEqual(await daemon.exited, { code: 0, signal: undefined });

  const again = await startBerth(scope, { root: berth.root });
  await pullBlob(again.client, "app", digestOf(small));
});

test("an idle connection does not delay the end", { timeout: 60_000 }, async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope, { server: { shutdownGrace: "1h" } });
  const idle = connect(berth.port, "127.0.0.1");
  scope.defer(() => idle.destroy());
  idle.write(`GET /v2/ HTTP/1.1\r\nHost: ${berth.host}\r\n\r\n`);
  await once(idle, "data");
  berth.daemon.signal("SIGTERM");
  assert.deepEqual(await berth.daemon.exited, { code: 0, signal: undefined });
});

test("a second signal ends running transfers at once", { timeout: 60_000 }, async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope, { server: { shutdownGrace: "1h" } });
  await pushBlob(berth.client, "app", large);
  const download = await beginDownload(berth);
  berth.daemon.signal("SIGTERM");
  await untilRefused(berth);
  await waitUntil("it ends", async () => {
    berth.daemon.signal("SIGTERM");
    return berth.daemon.isRunning ? undefined : true;
  });
  await assert.rejects(digestOfRest(download), "a download that is cut off does not look complete");
});

test("one stop that arrives as two signals, as from npm, cuts nothing off", { timeout: 60_000 }, async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  await pushBlob(berth.client, "app", large);
  const download = await beginDownload(berth);
  berth.daemon.signal("SIGINT");
  berth.daemon.signal("SIGTERM");
  await untilRefused(berth);
  assert.equal(await digestOfRest(download), digest);
  assert.deepEqual(await berth.daemon.exited, { code: 0, signal: undefined });
});

test("npm start passes on the signal, and leaves no process on the port", { timeout: 240_000 }, async (t) => {
  const scope = new Scope(t);
  const port = await freePort();
  const npm = new Daemon(scope, "npm", ["--prefix", await copyOfProject(scope), "start"], {
    BERTH_SERVER_PORT: `${port}`,
    BERTH_STORAGE_FILESYSTEM_ROOT: await scope.folder("data"),
  });
  const client = new RegistryClient(`http://127.0.0.1:${port}`);
  // It builds first, which takes long on a busy machine.
  await npm.ready(() => client.get("/readyz").catch(() => undefined), 180_000);
  npm.signal("SIGTERM");
  await npm.exited;
  await untilRefused({ client });
  assert.match(npm.output, / stopped\n/);
});

test("transfers that take longer than the grace period are cut off, and uploaded bytes are kept", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope, { server: { shutdownGrace: "1s" } });
  await pushBlob(berth.client, "app", large);
  const download = await beginDownload(berth);
  const session = await startUpload(berth.client, "app");
  const bytes = seededBytes("slow", 3_000_000);
  const first = await berth.client.request("PATCH", session, { body: bytes.subarray(0, 1_000_000) });
  const upload = berth.client.start("PATCH", locationOf(first));
  await upload.send(bytes.subarray(1_000_000, 2_000_000));
  berth.daemon.signal("SIGTERM");
  await berth.daemon.exited;
  await assert.rejects(digestOfRest(download));
  await assert.rejects(upload.answer);

  const { client } = await startBerth(scope, { root: berth.root, port: berth.port });
  const { range = "" } = (await client.get(session)).headers;
  const end = Number(range.slice(2));
  assert.ok(end + 1 >= 1_000_000, range);
  expectStatus(await client.request("PATCH", session, { body: bytes.subarray(end + 1) }), 202, "the rest");
  expectStatus(await client.request("PUT", `${session}?digest=${digestOf(bytes)}`), 201, "end of the upload");
});

/** A download that has begun, and waits for its reader. */
async function beginDownload({ client }: BerthProcess): Promise<OpenAnswer> {
  const download = await client.open("GET", `/v2/app/blobs/${digest}`);
  assert.equal(download.status, 200);
  await once(download.stream, "readable");
  return download;
}

async function digestOfRest({ stream }: OpenAnswer): Promise<Digest> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return digestOf(Buffer.concat(chunks));
}

async function untilRefused({ client }: Pick<BerthProcess, "client">): Promise<void> {
  await waitUntil("new connections are refused", () =>
    client.get("/v2/").then(
      () => undefined,
      (error: NodeJS.ErrnoException) => (error.code === "ECONNREFUSED" ? true : undefined),
    ),
  );
}

for (const workers of [1, 2]) {
  test(`a server of ${workers} processes opens no debugger on SIGUSR1, and serves on`, async (t) => {
    const berth = await startBerth(new Scope(t), { server: { workers } });
    await waitUntil("every process serves", () => berth.daemon.output.includes(" serving ") || undefined);
    for (const pid of [berth.daemon.pid, ...workersOf(berth)]) process.kill(pid, "SIGUSR1");
    expectStatus(await berth.client.get("/v2/"), 200, "after SIGUSR1");
    // Node's debugger says so before the process has stopped.
    await berth.daemon.stop();
    assert.match(berth.daemon.output, / stopped\n/);
    assert.doesNotMatch(berth.daemon.output, /Debugger/);
  });
}
