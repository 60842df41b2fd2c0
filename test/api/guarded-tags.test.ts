import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { layout } from "../../src/storage/layout.js";
import { Storage } from "../../src/storage/storage.js";
import { ApiClient } from "../support/api-client.js";
import { tryCommand } from "../support/command.js";
import { type ManifestToPush, pushManifest } from "../support/content.js";
import { PoorDriver } from "../support/poor-driver/poor-driver.js";
import { RecordedLog } from "../support/recorded-log.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushBlobsOf, pushSmallImage, smallImage } from "../support/small-image.js";

const name = "prod/app";
const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

const releases = {
  name: "releases",
  repositories: ["prod/**"],
  immutable: ["v*", "latest", "!v*-rc*"],
  protected: ["stable"],
};

async function prepare(t: TestContext) {
  const berth = await runBerth(new Scope(t), { retention: { policies: [releases] } });
  const { client } = berth;
  const first = await pushSmallImage(client, name, "first", { tag: "v1" });
  const other = smallImage("other");
  await pushBlobsOf(client, name, "other");
  const put = (image: ManifestToPush, path: string, type = image.descriptor.mediaType) =>
    client.request("PUT", `/v2/${name}/manifests/${path}`, { body: image.bytes, headers: { "content-type": type } });
  return { ...berth, first, other, put };
}

/** A 403 that names what the tag has. */
function expectDenied(answer: Answer, image: ManifestToPush): void {
  assert.equal(answer.status, 403, answer.body.toString());
  const [error] = JSON.parse(answer.body.toString()).errors;
  assert.equal(error.code, "DENIED");
  assert.equal(error.detail.digest, image.descriptor.digest);
  assert.match(error.message, new RegExp(`by the policy releases .*${image.descriptor.digest}`));
}

async function digestOfTag(client: RegistryClient, tag: string): Promise<string | undefined> {
  return (await client.head(`/v2/${name}/manifests/${tag}`)).headers["docker-content-digest"];
}

test("an immutable tag does not move, by its path, by ?tag=, or by another media type; the answer names its digest", async (t) => {
  const { client, first, other, put } = await prepare(t);
  expectDenied(await put(other, "v1"), first);
  expectDenied(await put(other, `${other.descriptor.digest}?tag=new&tag=v1`), first);
  const docker = smallImage("other", { mediaType: "application/vnd.docker.distribution.manifest.v2+json" });
  expectDenied(await put(docker, "v1"), first);
  assert.equal(await digestOfTag(client, "v1"), first.descriptor.digest);
  assert.equal(await digestOfTag(client, "new"), undefined, "a tag moved although another one was refused");
});

test("latest is no exception, exceptions are, and other repositories are not concerned", async (t) => {
  const { client, first, other, put } = await prepare(t);
  for (const tag of ["latest", "v2-rc1", "dev"]) assert.equal((await put(first, tag)).status, 201);
  expectDenied(await put(other, "latest"), first);
  for (const tag of ["v2-rc1", "dev"]) assert.equal((await put(other, tag)).status, 201);
  await pushSmallImage(client, "team/app", "first", { tag: "v1" });
  await pushSmallImage(client, "team/app", "second", { tag: "v1" });
});

test("pushing the same image to an immutable tag again is fine", async (t) => {
  const { client, first, put } = await prepare(t);
  assert.equal((await put(first, "v1")).status, 201);
  assert.equal((await put(first, `${first.descriptor.digest}?tag=v1&tag=v2`)).status, 201);
  assert.equal(await digestOfTag(client, "v2"), first.descriptor.digest);
});

test("an immutable tag is deleted neither by its name, nor with its manifest, nor by the API", async (t) => {
  const { client, first } = await prepare(t);
  const api = new ApiClient(client);
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/v1`), first);
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/${first.descriptor.digest}`), first);
  for (const wanted of [{ tags: ["v1"] }, { digests: [first.descriptor.digest] }, { everything: true }]) {
    const done = await api.post("deletions", { repository: name, ...wanted });
    assert.ok(done.failed.length > 0);
    assert.deepEqual([done.tags.includes("v1"), done.manifests], [false, []]);
    for (const { message } of done.failed) assert.match(message, /immutable by the policy releases/);
  }
  assert.equal(await digestOfTag(client, "v1"), first.descriptor.digest);
  assert.equal((await client.request("DELETE", `/v2/${name}/manifests/v9`)).status, 404);
});

test("among very many tags, those of another program too keep their manifest from deletion", async (t) => {
  const scope = new Scope(t);
  const { client, storage } = await runBerthOnDisk(scope, { retention: { policies: [releases] } });
  const image = await pushSmallImage(client, name, "first", { tag: "v1" });
  const repository = parseRepositoryName(name);
  const links = Array.from({ length: 1_001 }, (_, index) => ({
    key: layout.tagLink(repository, parseTag(`t${index}`)),
    content: Buffer.from(image.descriptor.digest),
    isTrace: true,
  }));
  await storage.driver.write(...links);
  await storage.driver.remove(layout.allTagged(repository));
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/${image.descriptor.digest}`), image);
});

test("of many first pushes of an immutable tag at once, one wins, and the others learn its digest", async (t) => {
  const scope = new Scope(t);
  const { root, client } = await runBerthOnDisk(scope, { retention: { policies: [releases] } });
  const { client: second } = await runBerth(scope, { root, retention: { policies: [releases] } });
  const images = ["a", "b", "c", "d", "e", "f"].map((text) => smallImage(text));
  for (const [index, image] of images.entries()) {
    await pushBlobsOf(client, name, "abcdef"[index] ?? "");
    await pushManifest(client, name, image);
  }
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      images.map((image, index) =>
        (index % 2 === 0 ? client : second).request("PUT", `/v2/${name}/manifests/v${round}`, {
          body: image.bytes,
          headers: { "content-type": image.descriptor.mediaType },
        }),
      ),
    );
    const winners = images.filter((_, index) => answers[index]?.status === 201);
    assert.equal(winners.length, 1);
    for (const answer of answers) if (answer.status !== 201) expectDenied(answer, winners[0] ?? assert.fail());
    assert.equal(await digestOfTag(second, `v${round}`), winners[0]?.descriptor.digest);
  }
});

test("a protected tag moves, and is not deleted", async (t) => {
  const { client, first, other, put } = await prepare(t);
  for (const image of [first, other]) assert.equal((await put(image, "stable")).status, 201);
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/stable`), other);
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/${other.descriptor.digest}`), other);
});

test("a reload puts policies into effect, and ends them", async (t) => {
  const { client, prepare: reload, put, other } = await prepare(t);
  (await reload({}))();
  assert.equal((await put(other, "v1")).status, 201);
  (await reload({ retention: { policies: [releases] } }))();
  expectDenied(await client.request("DELETE", `/v2/${name}/manifests/v1`), other);
});

test("cosign's tags of signatures move, whatever is immutable", async (t) => {
  const policies = [{ name: "releases", repositories: ["**"], immutable: ["*"] }];
  const { client } = await runBerth(new Scope(t), { retention: { policies } });
  const tag = `sha256-${"a".repeat(64)}.sig`;
  for (const text of ["one signature", "two signatures"]) await pushSmallImage(client, name, text, { tag });
});

test("tag restore does not move an immutable tag", async (t) => {
  const scope = new Scope(t);
  const { root, client } = await runBerthOnDisk(scope);
  const first = await pushSmallImage(client, name, "first", { tag: "v1" });
  const second = await pushSmallImage(client, name, "second", { tag: "v1" });
  const config = join(await scope.folder("command"), "berth.yml");
  await writeFile(config, JSON.stringify({ storage: { filesystem: { root } }, retention: { policies: [releases] } }));
  const { code, stderr } = await tryCommand(process.execPath, [main, "tag", "restore", `${name}:v1`, "-c", config]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`prod/app:v1 is immutable by the policy releases and points to ${second.descriptor.digest}`),
  );
  assert.equal(await digestOfTag(client, "v1"), second.descriptor.digest);
  assert.notEqual(first.descriptor.digest, second.descriptor.digest);
});

test("where the storage cannot decide which of two pushes is first, the log says so", async (t) => {
  const scope = new Scope(t);
  const weak = new Storage(new PoorDriver(), 64 * 1024, new RecordedLog());
  const { log } = await runBerth(scope, { opened: weak, retention: { policies: [releases] } });
  assert.ok(log.events.some(({ level, event }) => level === "warn" && event.includes("no conditional writes")));
});

test("the API tells which tags nobody may move or delete", async (t) => {
  const { client, first } = await prepare(t);
  for (const tag of ["stable", "v1-rc1", "free"]) await pushSmallImage(client, name, "first", { tag });
  await pushSmallImage(client, "other/app", "first", { tag: "v1" });
  const api = new ApiClient(client);
  const guardsOf = async (repository: string) => {
    const { items } = await api.get("tags", { repository });
    return Object.fromEntries(items.map(({ tag, guard }: { tag: string; guard?: string }) => [tag, guard]));
  };
  assert.deepEqual(await guardsOf(name), {
    v1: "immutable",
    stable: "protected",
    "v1-rc1": undefined,
    free: undefined,
  });
  assert.deepEqual(await guardsOf("other/app"), { v1: undefined });
  const shown = async (reference: string) => (await api.get("image", { repository: name, reference })).guard;
  assert.equal(await shown("v1"), "immutable");
  assert.equal(await shown("free"), undefined);
  assert.equal(await shown(first.descriptor.digest), undefined);
});
