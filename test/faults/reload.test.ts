import { strict as assert } from "node:assert";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { type BerthOptions, type BerthProcess, startBerth, workersOf } from "../support/berth-process.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage, smallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const layer = seededBytes("layer", 50_000);

async function startUpstream(scope: Scope): Promise<BerthOptions> {
  const hub = await FakeUpstream.start(scope);
  hub.store.addImage(parseRepositoryName("library/alpine"), [layer], "latest");
  return { proxy: { upstreams: [{ name: "docker.io", url: hub.url }] } };
}

/** Waits until Berth has reported the result of this many changes. */
async function untilTold({ daemon }: BerthProcess, what: RegExp, times = 1): Promise<void> {
  await waitUntil(`it tells ${what}`, () => ((daemon.output.match(what)?.length ?? 0) >= times ? true : undefined));
}

test("a change of the file is applied without a signal: a private registry becomes one that also caches", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { client, reconfigure } = berth;
  await pushSmallImage(client, "my_image", "mine", { tag: "latest" });
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).status, 404);
  await reconfigure({ mode: "hybrid", ...(await startUpstream(scope)) });
  await untilTold(berth, /configuration applied/g);
  assert.equal((await client.get("/v2/library/alpine/manifests/latest")).status, 200);
  assert.equal((await client.get("/v2/my_image/manifests/latest")).status, 200);
});

for (const workers of [1, 2]) {
  test(`no request for a name with the same owner fails while the mode is switched again and again (${workers} at work)`, async (t) => {
    const scope = new Scope(t);
    const upstream = await startUpstream(scope);
    const server = { workers };
    const berth = await startBerth(scope, { server });
    const { client, daemon, reconfigure } = berth;
    await pushSmallImage(client, "my_image", "mine", { tag: "latest" });
    let isOver = false;
    let rounds = 0;
    const statuses = new Set<number>();
    const pullAndPush = async (puller: number) => {
      for (let round = 0; !isOver; round++) {
        const pulled = await client.get("/v2/my_image/manifests/latest");
        statuses.add(pulled.status);
        await pushBlob(client, "my_image", seededBytes(`${puller} ${round}`, 1_000));
        rounds++;
      }
    };
    const load = Promise.all([1, 2, 3, 4].map(pullAndPush));
    for (let change = 1; change <= 6; change++) {
      await reconfigure(change % 2 === 1 ? { mode: "hybrid", server, ...upstream } : { server });
      daemon.signal("SIGHUP");
      await untilTold(berth, /configuration applied/g, change);
      const enough = rounds + 10;
      await waitUntil("requests continue", () => (rounds >= enough ? true : undefined));
    }
    isOver = true;
    await load;
    assert.deepEqual([...statuses], [200]);
  });
}

test("a push that is running when pushes are disabled may finish, including its manifest, and no new one begins", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { client, daemon, reconfigure } = berth;
  const text = "pushed across the change";
  const session = await startUpload(client, "team/app");
  await pushBlob(client, "team/app", Buffer.from("{}"));
  assert.equal((await client.request("PATCH", session, { body: text.slice(0, 5) })).status, 202);

  await reconfigure({ mode: "proxy", ...(await startUpstream(scope)) });
  daemon.signal("SIGHUP");
  await untilTold(berth, /configuration applied/g);
  const digest = digestOf(Buffer.from(text));
  assert.equal((await client.request("PUT", `${session}?digest=${digest}`, { body: text.slice(5) })).status, 201);
  const image = smallImage(text);
  const headers = { "content-type": image.descriptor.mediaType };
  const put = await client.request("PUT", "/v2/team/app/manifests/1.0", { body: image.bytes, headers });
  assert.equal(put.status, 201);
  const refused = await client.request("POST", "/v2/team/other/blobs/uploads/");
  assert.equal(refused.status, 405);
  assert.match(refused.body.toString(), /mode: hybrid to push and keep the cache/);
});

test("an invalid file changes nothing, and the log gives line and key", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { client, daemon, configFile, reconfigure } = berth;
  await pushSmallImage(client, "my_image", "mine", { tag: "latest" });
  await writeFile(configFile, "mode: hybrid\nprivate:\n  repositorys: [a]\n");
  daemon.signal("SIGHUP");
  await untilTold(berth, /the previous one stays in effect.*berth\.yml:3:3.*private\.repositorys/g);
  assert.equal((await client.get("/v2/my_image/manifests/latest")).status, 200);
  assert.equal((await client.request("POST", "/v2/team/app/blobs/uploads/")).status, 202);
  await reconfigure({ log: { level: "debug" } });
  await untilTold(berth, /configuration applied.*log\.level/g);
});

for (const workers of [1, 2]) {
  test(`what one worker cannot apply is applied by none, and a worker that dies then restarts (${workers} at work)`, async (t) => {
    const scope = new Scope(t);
    const server = { workers };
    const berth = await startBerth(scope, { server });
    const { client, reconfigure } = berth;
    const ca = join(await scope.folder("ca"), "gone.crt");
    const unable = { mode: "hybrid", server, private: { delete: false } } as const;
    await reconfigure({ ...unable, proxy: { upstreams: [{ name: "docker.io", url: "https://hub.test", ca }] } });
    await untilTold(berth, /the previous one stays in effect.*gone\.crt/g);
    assert.doesNotMatch(berth.daemon.output, /configuration applied/);
    if (workers > 1) {
      assert.match(berth.daemon.output, /the previous one stays in effect.* worker=\d /);
      await replaceWorkers(berth);
    }
    for (let round = 0; round < 6; round++) {
      await pushBlob(client, "app", layer);
      const deleted = await client.request("DELETE", `/v2/app/blobs/${digestOf(layer)}`);
      assert.equal(deleted.status, 202, "DELETE is still allowed");
    }
    await reconfigure({ server, private: { delete: false } });
    await untilTold(berth, /configuration applied.*private\.delete/g);
    await pushBlob(client, "app", layer);
    for (let round = 0; round < 6; round++) {
      const deleted = await client.request("DELETE", `/v2/app/blobs/${digestOf(layer)}`);
      assert.equal(deleted.status, 405, "all have taken it over");
    }
  });
}

/** Kills each worker, and waits until another one serves in its place. */
async function replaceWorkers(berth: BerthProcess): Promise<void> {
  const before = workersOf(berth);
  for (const worker of before) process.kill(worker, "SIGKILL");
  await waitUntil("others have their places", () => {
    const now = workersOf(berth);
    return (now.length === before.length && !now.some((worker) => before.includes(worker))) || undefined;
  });
  await waitUntil("they serve", async () => ((await isServing(berth)) ? true : undefined));
}

async function isServing({ client }: BerthProcess): Promise<boolean> {
  try {
    return (await client.get("/readyz")).status === 200;
  } catch {
    return false;
  }
}

test("a file that is empty, or truncated anywhere, changes nothing", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope, { private: { delete: false } });
  const { client, configFile, daemon } = berth;
  await pushBlob(client, "app", layer);
  const whole = `${await readFile(configFile, "utf8")}\n`;
  await writeFile(configFile, whole);
  daemon.signal("SIGHUP");
  await untilTold(berth, /configuration applied.*nothing/g);
  for (const [times, part] of [
    "",
    "\n",
    "# nothing\n",
    "mode: hybrid",
    '{"mode":"private","private":{"delete":true}}',
  ].entries()) {
    await writeFile(configFile, part);
    daemon.signal("SIGHUP");
    await untilTold(berth, /the previous one stays in effect/g, times + 1);
  }
  assert.equal((await client.request("DELETE", `/v2/app/blobs/${digestOf(layer)}`)).status, 405);
  await writeFile(configFile, whole.replace("false", "true"));
  await untilTold(berth, /configuration applied.*private\.delete/g);
});

test("a file that has disappeared changes nothing, and a signal then reports it", async (t) => {
  const scope = new Scope(t);
  // Not named on the command line: without it, the defaults would apply.
  const berth = await startBerth(scope, { findsFile: true });
  const { client, daemon, configFile } = berth;
  await pushSmallImage(client, "my_image", "mine", { tag: "latest" });
  await rm(configFile);
  daemon.signal("SIGHUP");
  await untilTold(berth, /the previous one stays in effect.*berth\.yml/g);
  assert.equal((await client.get("/v2/my_image/manifests/latest")).status, 200);
});

test("a change that needs a restart is reported, and the old value stays until then", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { client, daemon, reconfigure } = berth;
  await reconfigure({ private: { delete: false }, server: { port: 1 } });
  daemon.signal("SIGHUP");
  await untilTold(berth, /take effect when Berth restarts.*server\.port/g);
  await pushBlob(client, "app", layer);
  assert.equal((await client.request("DELETE", `/v2/app/blobs/${digestOf(layer)}`)).status, 405);
});
