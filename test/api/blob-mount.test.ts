import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { pullBlob, pushBlob, seededBytes } from "../support/content.js";
import { type Answer, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const bytes = seededBytes("layer", 300_000);
const digest = digestOf(bytes);

function mount(client: RegistryClient, name: string, query: string): Promise<Answer> {
  return client.request("POST", `/v2/${name}/blobs/uploads/?${query}`, { headers: { "content-length": 0 } });
}

/** Checks that a mount became an upload session, and that it works. */
async function expectSession(client: RegistryClient, answer: Answer): Promise<void> {
  assert.equal(answer.status, 202);
  const other = Buffer.from("other");
  const put = await client.request("PUT", locationOf(answer, `digest=${digestOf(other)}`), { body: other });
  assert.equal(put.status, 201);
}

async function isHeld(client: RegistryClient, name: string, asked: Digest = digest): Promise<boolean> {
  return (await client.head(`/v2/${name}/blobs/${asked}`)).status === 200;
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`a blob of another repository is mounted, with or without from (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    await pushBlob(client, "team/source", bytes);
    for (const [name, query] of [
      ["team/named", `mount=${digest}&from=team/source`],
      ["team/encoded", `mount=${encodeURIComponent(digest)}&from=team%2Fsource`],
      ["team/anonymous", `mount=${digest}`],
      ["team/source", `mount=${digest}&from=team/source`],
    ] as const) {
      const answer = await mount(client, name, query);
      assert.equal(answer.status, 201, name);
      assert.equal(locationOf(answer), `/v2/${name}/blobs/${digest}`);
      assert.equal(answer.headers["docker-content-digest"], digest);
      await pullBlob(client, name, digest);
    }
  });
}

test("a blob that does not exist is not mounted, but may be uploaded", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "team/source", Buffer.from("something else"));
  for (const query of [`mount=${digest}&from=team/source`, `mount=${digest}&from=nobody`, `mount=${digest}`]) {
    await expectSession(client, await mount(client, "team/app", query));
    assert.equal(await isHeld(client, "team/app"), false);
  }
});

test("a source that does not hold the blob mounts nothing, even if another repository does", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "team/source", bytes);
  await expectSession(client, await mount(client, "team/app", `mount=${digest}&from=team/other`));
  await expectSession(client, await mount(client, "team/app", `mount=${digest}&from=team`));
  assert.equal(await isHeld(client, "team/app"), false);
});

test("a blob that was deleted from the source is no longer mounted from it", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  await pushBlob(client, "team/source", bytes);
  await client.request("DELETE", `/v2/team/source/blobs/${digest}`);
  await expectSession(client, await mount(client, "team/app", `mount=${digest}&from=team/source`));
  await expectSession(client, await mount(client, "team/app", `mount=${digest}`));
  assert.equal(await isHeld(client, "team/app"), false);
});

test("a mounted blob survives its deletion from the source, and vice versa", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const [deleted, kept] of [
    ["team/source", "team/app"],
    ["team/app", "team/source"],
  ] as const) {
    await pushBlob(client, "team/source", bytes);
    assert.equal((await mount(client, "team/app", `mount=${digest}&from=team/source`)).status, 201);
    assert.equal((await client.request("DELETE", `/v2/${deleted}/blobs/${digest}`)).status, 202);
    assert.equal(await isHeld(client, deleted), false);
    await pullBlob(client, kept, digest);
    await client.request("DELETE", `/v2/${kept}/blobs/${digest}`);
  }
});

test("a blob is mounted by the digest it was pushed by, and by no other digest of the same bytes", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const sha512 = digestOf(bytes, "sha512");
  await pushBlob(client, "team/source", bytes, sha512);
  assert.equal((await mount(client, "team/app", `mount=${sha512}&from=team/source`)).status, 201);
  await pullBlob(client, "team/app", sha512);
  await expectSession(client, await mount(client, "team/app", `mount=${digest}&from=team/source`));
});

test("the first of two digests and of two sources counts", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, "team/source", bytes);
  const other = digestOf(Buffer.from("other"));
  const answer = await mount(client, "team/app", `mount=${digest}&mount=${other}&from=team/source&from=nobody`);
  assert.equal(answer.status, 201);
  assert.equal(await isHeld(client, "team/app", other), false);
});

for (const from of [
  "../source",
  "Team/Source",
  "",
  "/team/source",
  "team/source/",
  "a".repeat(300),
  "%00",
  "team//source",
]) {
  test(`from=${from.slice(0, 20)} is not a name, and a session starts as with registry:2`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    await pushBlob(client, "team/source", bytes);
    await expectSession(client, await mount(client, "team/app", `mount=${digest}&from=${from}`));
    assert.equal(await isHeld(client, "team/app"), false);
  });
}
