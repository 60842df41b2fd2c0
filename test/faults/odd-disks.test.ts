import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { chown, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { type BerthOptions, startBerth } from "../support/berth-process.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullBlob, pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { bindMount, mountVolume, poorFileSystem, readOnlyView } from "../support/mounts.js";
import { startPeer } from "../support/peer-registry.js";
import { projectRoot } from "../support/project.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const v2 = "docker/registry/v2";
const large = seededBytes("large", 3_000_000);

/** Pushes in every way, pulls, deletes and collects, across a restart. */
async function useWholly(t: TestContext, options: BerthOptions): Promise<string> {
  const scope = new Scope(t);
  const first = await startBerth(scope, options);
  await pushSmallImage(first.client, "team/app", "layer", { tag: "v1" });
  const session = await startUpload(first.client, "team/app");
  assert.equal((await first.client.request("PATCH", session, { body: large })).status, 202);
  await first.daemon.stop();
  const second = await startBerth(scope, { ...options, root: first.root });
  const finished = await second.client.request("PUT", `${withQuery(session)}digest=${digestOf(large)}`);
  assert.equal(finished.status, 201, finished.body.toString());
  await pullBlob(second.client, "team/app", digestOf(large));
  await pullWhole(second.client, "team/app", "v1");
  assert.deepEqual(await listTags(second.client, "team/app"), ["v1"]);
  const image = await pushSmallImage(second.client, "team/gone", "gone", { tag: "v1" });
  const deleted = await second.client.request("DELETE", `/v2/team/gone/manifests/${image.descriptor.digest}`);
  assert.equal(deleted.status, 202);
  await second.daemon.stop();
  const collected = await collect(second.configFile, options.env);
  assert.match(collected, /freed/);
  const third = await startBerth(scope, { ...options, root: first.root });
  await pullWhole(third.client, "team/app", "v1");
  return `${first.daemon.output}${second.daemon.output}`;
}

function withQuery(location: string): string {
  return location.includes("?") ? `${location}&` : `${location}?`;
}

function collect(configFile: string, env: BerthOptions["env"] = {}): Promise<string> {
  return runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "gc", "--config", configFile], { env });
}

for (const folder of [
  v2,
  "docker",
  `${v2}/blobs`,
  `${v2}/repositories`,
  `${v2}/blobs/sha256`,
  `${v2}/repositories/team`,
]) {
  test(`a volume at ${folder} is pushed to, pulled from and collected`, async (t) => {
    const scope = new Scope(t);
    const root = await scope.folder("data");
    await mountVolume(scope, join(root, folder));
    await useWholly(t, { root });
  });
}

test("separate volumes for blobs and for repositories can be pushed to and pulled from", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  for (const folder of ["blobs", "repositories"]) await mountVolume(scope, join(root, v2, folder));
  const output = await useWholly(t, { root });
  assert.match(output, /blobs and repositories are on different file systems/);
});

test("Berth's own files move with a volume below the root, into another container and onto its host", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage("library/app", [seededBytes("layer", 1_000)], "latest");
  const [volume, one, other] = [await scope.folder("volume"), await scope.folder("one"), await scope.folder("other")];
  await mkdir(join(volume, "blobs"));
  // On the same device as the root, as in many clusters.
  for (const root of [one, other]) await bindMount(scope, volume, join(root, v2));
  const first = await startBerth(scope, { root: one, cacheOf: fake.url });
  await pullWhole(first.client, "library/app", "latest");
  await first.daemon.stop();
  assert.equal(existsSync(join(one, ".berth")), false);
  await fake.stop();
  // Not taken for pushed content, which the cache would refuse.
  const second = await startBerth(scope, { root: other, cacheOf: fake.url });
  await pullWhole(second.client, "library/app", "latest");
  // A collection on the host, where nothing is mounted, sees the marks of the server.
  const host = await scope.folder("host");
  await mkdir(join(host, "docker/registry"), { recursive: true });
  await symlink(volume, join(host, v2));
  const env = { BERTH_STORAGE_FILESYSTEM_ROOT: host };
  const said = await runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "gc"], { env, cwd: host });
  assert.match(said, /a server uses this storage/);
});

test("a container with a read-only root serves a volume below it", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  await mkdir(join(root, v2), { recursive: true });
  const view = await readOnlyView(scope, root);
  await mountVolume(scope, join(view, v2));
  await useWholly(t, { root: view });
});

test("a read-only directory of registry:2 can be pulled completely, and changes are refused in a sentence", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("data");
  const peer = await startPeer(scope, "registry 2.8.2", folder);
  const image = await pushSmallImage(peer.client, "team/app", "layer", { tag: "v1" });
  await peer.daemon.stop();
  const berth = await startBerth(scope, { root: await readOnlyView(scope, folder) });
  await pullWhole(berth.client, "team/app", "v1");
  assert.deepEqual(await listTags(berth.client, "team/app"), ["v1"]);
  assert.match((await berth.client.get("/v2/_catalog")).body.toString(), /team\/app/);
  assert.match(berth.daemon.output, /warn .*storage\.filesystem\.root: .* is on a read-only file system/);
  await refusesChanges(berth.client, image.descriptor.digest);
  assert.match(await collectDry(berth.configFile), /nothing was changed/);
});

async function refusesChanges(client: RegistryClient, digest: string): Promise<void> {
  const changes = [
    await client.request("POST", "/v2/team/app/blobs/uploads/"),
    await client.request("POST", `/v2/team/app/blobs/uploads/?digest=${digestOf(large)}`, { body: large }),
    await client.request("DELETE", `/v2/team/app/manifests/${digest}`),
    await client.request("DELETE", "/v2/team/app/manifests/v1"),
  ];
  for (const answer of changes) {
    assert.equal(answer.status, 405, answer.body.toString());
    assert.equal(errorCodeOf(answer), "UNSUPPORTED");
    assert.match(answer.body.toString(), /read-only/);
  }
}

function collectDry(configFile: string): Promise<string> {
  return runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "gc", "--dry-run", "--config", configFile]);
}

test("a read-only cache serves what it has, and passes on the rest", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage("library/app", [seededBytes("layer", 1_000)], "latest");
  fake.store.addImage("library/other", [seededBytes("other", 300_000)], "latest");
  const writing = await startBerth(scope, { cacheOf: fake.url });
  await pullWhole(writing.client, "library/app", "latest");
  await writing.daemon.stop();
  const reading = await startBerth(scope, { root: await readOnlyView(scope, writing.root), cacheOf: fake.url });
  for (const name of ["library/app", "library/other"]) await pullWhole(reading.client, name, "latest");
});

for (const calls of [
  ["symlink", "link"],
  ["utimes"],
  ["fsync-folder"],
  ["symlink", "link", "utimes", "fsync-folder"],
]) {
  test(`a file system without ${calls.join(", ")} is pushed to, pulled from and collected`, async (t) => {
    const env = await poorFileSystem(new Scope(t), calls);
    await useWholly(t, { env });
    await useWholly(t, { env, server: { workers: 2 } });
  });
}

test("a disk that becomes read-only refuses pushes in a sentence, and takes them once it can be written again", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  await bindMount(scope, await scope.folder("disk"), root);
  const { client } = await startBerth(scope, { root });
  await pushSmallImage(client, "team/app", "layer", { tag: "v1" });
  await runCommand("mount", ["-o", "remount,ro,bind", root]);
  for (const name of ["team/app", "team/new"]) {
    const refused = await client.request("POST", `/v2/${name}/blobs/uploads/`);
    assert.equal(refused.status, 405, refused.body.toString());
    assert.equal(errorCodeOf(refused), "UNSUPPORTED");
  }
  await pullWhole(client, "team/app", "v1");
  await runCommand("mount", ["-o", "remount,rw,bind", root]);
  await pushSmallImage(client, "team/new", "layer", { tag: "v1" });
});

test("a directory of another user is served, and an empty one is refused with what to do", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("data");
  const berth = await startBerth(scope, { root: folder });
  await pushSmallImage(berth.client, "team/app", "layer", { tag: "v1" });
  await berth.daemon.stop();
  await runCommand("chmod", ["-R", "go+rX", folder]);
  const served = await serveAs(folder, 7_000);
  assert.match(served, /run chown -R 1000:1000 .*\n[\s\S]* serving /);
  const empty = await scope.folder("empty");
  await chown(empty, 0, 0);
  assert.match(
    await serveAs(empty, 20_000),
    /^berth: storage\.filesystem\.root: .* cannot be written by user 1000:1000: run chown/,
  );
});

/** The output of a Berth of user 1000 until it ends, or for this long. */
async function serveAs(root: string, timeoutMs: number): Promise<string> {
  const user = ["--reuid", "1000", "--regid", "1000", "--clear-groups"];
  const command = [...user, process.execPath, join(projectRoot, "dist/main.js"), "serve"];
  const env = { BERTH_STORAGE_FILESYSTEM_ROOT: root, BERTH_SERVER_PORT: "0" };
  const { stdout, stderr } = await tryCommand("setpriv", command, { cwd: "/", env, timeoutMs });
  return stdout + stderr;
}
