import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { digestOf } from "../../src/oci/digest.js";
import { StorageError } from "../../src/oci/storage-error.js";
import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { ApiClient } from "../support/api-client.js";
import { tryCommand } from "../support/command.js";
import { pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { type Answer, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";
import { storageOf } from "../support/storage.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const limit = 100_000;
const quotaFolder = ".berth/quotas";

/** A registry in which `team/**` may hold 100 kB together. */
async function runWithQuota(scope: Scope) {
  const settings = { private: { quotas: [{ repositories: ["team/**"], limit }] } };
  const berth = await runBerthOnDisk(scope, settings);
  const cwd = await scope.folder("command");
  const file = { ...settings, storage: { filesystem: { root: berth.root } } };
  await writeFile(join(cwd, "berth.yml"), JSON.stringify(file));
  const usage = async (...args: string[]) => {
    const { code, stdout, stderr } = await tryCommand(process.execPath, [main, "usage", ...args], { cwd });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const used = async () => JSON.parse(await usage("--json")).quotas[0].used;
  return { ...berth, usage, used };
}

/** Sends a blob in the closing request of a session. */
async function sendBlob(client: RegistryClient, name: string, bytes: Buffer): Promise<Answer> {
  const session = await startUpload(client, name);
  return client.request("PUT", `${session}&digest=${digestOf(bytes)}`, { body: bytes });
}

function assertRefused(answer: Answer, used: number, needed: number): void {
  assert.equal(answer.status, 403, answer.body.toString());
  const [error] = JSON.parse(answer.body.toString()).errors;
  assert.equal(error.code, "DENIED");
  assert.match(error.message, /the quota of team\/\*\* is spent: .* of 100\.0 kB are used/);
  assert.deepEqual(
    [error.detail.used, error.detail.allowed, error.detail.needed, error.detail.quota],
    [used, limit, needed, ["team/**"]],
  );
}

test("a push beyond the quota of its repositories is refused with what is used and allowed; others are not", async (t) => {
  const { client, used } = await runWithQuota(new Scope(t));
  await pushBlob(client, "team/one", seededBytes("one", 60_000));
  assertRefused(await sendBlob(client, "team/two", seededBytes("two", 60_000)), 60_000, 60_000);
  await pushBlob(client, "team/two", seededBytes("three", 40_000));
  assertRefused(await sendBlob(client, "team/two", seededBytes("four", 1)), 100_000, 1);
  await pushBlob(client, "other/app", seededBytes("two", 60_000));
  assert.equal(await used(), 100_000);
});

test("content that several repositories of a quota have counts once, however it gets there", async (t) => {
  const { client, used } = await runWithQuota(new Scope(t));
  const layer = seededBytes("shared", 70_000);
  await pushBlob(client, "team/one", layer);
  await pushBlob(client, "team/two", layer);
  const mounted = await client.request("POST", `/v2/team/three/blobs/uploads/?mount=${digestOf(layer)}&from=team/one`);
  assert.equal(mounted.status, 201);
  assert.equal(await used(), 70_000);
});

test("a mount from outside counts, and so does a manifest", async (t) => {
  const { client } = await runWithQuota(new Scope(t));
  const layer = seededBytes("from outside", 70_000);
  await pushBlob(client, "other/app", layer);
  await pushBlob(client, "team/one", seededBytes("one", 40_000));
  const mount = `/v2/team/two/blobs/uploads/?mount=${digestOf(layer)}&from=other/app`;
  assertRefused(await client.request("POST", mount), 40_000, 70_000);
  await pushBlobsOf(client, "team/one", "a layer");
  await pushBlob(client, "team/one", seededBytes("rest", limit - 40_000 - "a layer".length - "{}".length - 100));
  const image = smallImage("a layer");
  const refused = await client.request("PUT", "/v2/team/one/manifests/v1", {
    body: image.bytes,
    headers: { "content-type": image.descriptor.mediaType },
  });
  assertRefused(refused, limit - 100, image.bytes.length);
});

test("a blob whose size is announced is refused before its bytes arrive", async (t) => {
  const { client } = await runWithQuota(new Scope(t));
  const bytes = seededBytes("too large", 150_000);
  const sending = client.start("POST", `/v2/team/one/blobs/uploads/?digest=${digestOf(bytes)}`, {
    "content-length": String(bytes.length),
  });
  assertRefused(await sending.answer, 0, bytes.length);
});

test("a streamed blob is refused at its end, and leaves nothing behind", async (t) => {
  const { client, storage } = await runWithQuota(new Scope(t));
  const bytes = seededBytes("too large", 150_000);
  const session = await startUpload(client, "team/one");
  const patched = await client.request("PATCH", session, { body: bytes });
  assert.equal(patched.status, 202);
  const location = locationOf(patched, `digest=${digestOf(bytes)}`);
  assertRefused(await client.request("PUT", location), 0, bytes.length);
  assert.equal((await client.request("PUT", location)).status, 404);
  assert.equal(await storage.blobs.storedSize(digestOf(bytes)), undefined);
});

test("what is deleted makes room at once for this server", async (t) => {
  const { client } = await runWithQuota(new Scope(t));
  const first = seededBytes("first", 80_000);
  await pushBlob(client, "team/one", first);
  assertRefused(await sendBlob(client, "team/one", seededBytes("second", 80_000)), 80_000, 80_000);
  assert.equal((await client.request("DELETE", `/v2/team/one/blobs/${digestOf(first)}`)).status, 202);
  await pushBlob(client, "team/one", seededBytes("second", 80_000));
});

test("berth usage shows quotas, repositories and patterns, each digest once", async (t) => {
  const { client, usage } = await runWithQuota(new Scope(t));
  await pushSmallImage(client, "team/one", "text", { tag: "v1" });
  await pushSmallImage(client, "team/two", "text", { tag: "v1" });
  const manifest = smallImage("text").bytes.length;
  const size = manifest + "text".length + "{}".length;
  assert.match(await usage(), new RegExp(`^QUOTA +USED +ALLOWED +LEFT\\nteam/\\*\\* +${size} B +100\\.0 kB`));
  const { bytes, blobs, repositories } = JSON.parse(await usage("team/**", "--json"));
  assert.deepEqual([bytes, blobs], [size, 3]);
  assert.deepEqual(
    repositories,
    ["team/one", "team/two"].map((name) => ({ name, bytes: size })),
  );
  assert.match(await usage("team/one"), /team\/one +\d+ B\n/);
});

test("many clients at once cannot pass a quota, and what they were told is true", async (t) => {
  const { client, used } = await runWithQuota(new Scope(t));
  const blobs = Array.from({ length: 20 }, (_, number) => seededBytes(`at once ${number}`, 9_000));
  const answers = await Promise.all(blobs.map((bytes, at) => sendBlob(client, `team/app${at % 3}`, bytes)));
  const accepted = answers.filter(({ status }) => status === 201).length;
  assert.equal(accepted, 11);
  assert.equal(await used(), 99_000);
});

test("a manifest that is pushed again, and a tag that moves, need no room", async (t) => {
  const { client } = await runWithQuota(new Scope(t));
  const image = await pushSmallImage(client, "team/one", "text", { tag: "v1" });
  const used = image.bytes.length + "text".length + "{}".length;
  await pushBlob(client, "team/one", seededBytes("the rest", limit - used));
  await pushManifest(client, "team/one", image, "v2");
});

test("the API tells those who may push how much of a repository's quotas is used", async (t) => {
  const scope = new Scope(t);
  const { client } = await runWithQuota(scope);
  const image = await pushSmallImage(client, "team/app", "content", { tag: "1" });
  await pushSmallImage(client, "free/app", "content", { tag: "1" });
  const api = new ApiClient(client);
  const { quotas } = await api.get("repository", { repository: "team/app" });
  assert.equal(quotas.length, 1);
  assert.equal(quotas[0].limit, limit);
  assert.ok(quotas[0].used > image.descriptor.size, String(quotas[0].used));
  assert.equal((await api.get("repository", { repository: "free/app" })).quotas, undefined);
  const rules = [
    { allow: "pull, push", to: "authenticated" },
    { allow: "pull", to: "everyone" },
  ];
  const guarded = await runGuardedBerth(scope, { rules }, { private: { quotas: [{ repositories: ["**"], limit }] } });
  await pushSmallImage(guarded.client.with(basic("ann")), "team/app", "content", { tag: "1" });
  const visitor = new ApiClient(guarded.client);
  assert.equal((await visitor.get("repository", { repository: "team/app" })).quotas, undefined);
  const pusher = new ApiClient(guarded.client, basic("ann"));
  assert.equal((await pusher.get("repository", { repository: "team/app" })).quotas[0].limit, limit);
});

test("the summary tells how full quotas are, the fullest first, and that one which is nearly spent needs attention", async (t) => {
  const quotas = [
    { repositories: ["lab/**", "try/**", "old/**"], limit: 1_000_000 },
    { repositories: ["team/**"], limit },
  ];
  const { client } = await runBerthOnDisk(new Scope(t), { private: { quotas } });
  const api = new ApiClient(client);
  const attentionTo = async () => {
    const { attention } = await api.get("summary");
    return attention.filter(({ code }: { code: string }) => code.startsWith("storage-quota"));
  };
  await pushBlob(client, "team/one", seededBytes("one", 60_000));
  assert.deepEqual(await attentionTo(), []);
  await pushBlob(client, "team/two", seededBytes("two", 35_000));
  const summary = await waitUntil("the summary is read again", async () => {
    const now = await api.get("summary");
    return now.storageQuotas?.[0].used === 95_000 ? now : undefined;
  });
  assert.deepEqual(summary.storageQuotas, [
    { repositories: ["team/**"], used: 95_000, limit },
    // Nothing was pushed there, so nothing has counted it.
    { repositories: ["lab/**", "try/**", "old/**"], limit: 1_000_000 },
  ]);
  const [low] = await attentionTo();
  assert.deepEqual([low.level, low.code], ["warning", "storage-quota-low"]);
  assert.match(low.message, /team\/\*\* .*95 %/);
  await pushBlob(client, "team/two", seededBytes("three", 5_000));
  const full = await waitUntil("the quota is full", async () => {
    const [first] = await attentionTo();
    return first?.code === "storage-quota-full" ? first : undefined;
  });
  assert.equal(full.level, "error");
});

test("a quota whose record cannot be read is told as such, and the others are shown", async (t) => {
  const quotas = ["lab/**", "team/**"].map((pattern) => ({ repositories: [pattern], limit }));
  const driver = new DriverWithDamage();
  const { client } = await runBerth(new Scope(t), { private: { quotas }, opened: storageOf(driver) });
  await pushSmallImage(client, "lab/one", "1.0");
  const [ofLab] = await driver.list(quotaFolder);
  driver.damaged = `${quotaFolder}/${ofLab}`;
  await pushBlob(client, "team/one", seededBytes("two", 50_000));
  const api = new ApiClient(client);
  const summary = await api.get("summary");
  assert.deepEqual(summary.storageQuotas, [
    { repositories: ["team/**"], used: 50_000, limit },
    { repositories: ["lab/**"], limit, isUnreadable: true },
  ]);
  const unreadable = summary.attention.find(({ code }: { code: string }) => code === "storage-quota-unreadable");
  assert.equal(unreadable.level, "error");
  assert.match(unreadable.message, /lab\/\*\*/);
  assert.deepEqual((await api.get("repository", { repository: "lab/one" })).quotas, [{ limit }]);
});

/** A storage of which one object cannot be read. */
class DriverWithDamage extends MemoryDriver {
  damaged: string | undefined;

  override async read(key: string): Promise<Buffer | undefined> {
    if (key === this.damaged) throw new StorageError("unavailable", "i/o error");
    return super.read(key);
  }
}

test("how full quotas are is shown to administrators only", async (t) => {
  const rules = [
    { allow: ["pull", "push"], to: ["bob"], in: ["**"] },
    { allow: ["admin"], to: ["ann"], in: ["**"] },
  ];
  const settings = { private: { quotas: [{ repositories: ["secret/**"], limit: 1 }] } };
  const { client } = await runGuardedBerth(new Scope(t), { rules }, settings);
  const summaryFor = (user: string) => new ApiClient(client, basic(user)).get("summary");
  assert.equal((await summaryFor("bob")).storageQuotas, undefined);
  assert.doesNotMatch(JSON.stringify(await summaryFor("bob")), /secret/);
  assert.equal((await summaryFor("ann")).storageQuotas[0].limit, 1);
});
