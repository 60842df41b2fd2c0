import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { listTags, pullBlob, pullManifest, pullWhole, seededBytes } from "../support/content.js";
import { type PeerName, peers } from "../support/peer-registry.js";
import type { RegistryClient } from "../support/registry-client.js";
import { printed, Takeover } from "../support/registry2-takeover.js";
import { pushSample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

/** What registry 2.8.2 accepts too. */
const samples = sampleContent().filter(({ name }) => !["hashed/all", "sparse/image", "sparse/index"].includes(name));

const file = [
  "version: 0.1",
  "log: { fields: { service: registry }, level: info }",
  "storage:",
  "  cache: { blobdescriptor: inmemory }",
  "  filesystem: { rootdirectory: /var/lib/registry }",
  "http:",
  "  addr: ADDRESS",
  "  headers: { X-Content-Type-Options: [nosniff] }",
  "health: { storagedriver: { enabled: true, interval: 10s, threshold: 3 } }",
];

for (const peer of Object.keys(peers) as PeerName[]) {
  test(`${peer} is stopped, Berth started with its file, variables and data: everything works, and back again`, async (t) => {
    const scope = new Scope(t);
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    const takeover = await Takeover.prepare(scope, file, {
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: await scope.folder("data"),
      REGISTRY_STORAGE_DELETE_ENABLED: "true",
    });
    const { client } = takeover;
    const push = (image: string) =>
      runCommand("skopeo", [
        ...["--insecure-policy", "copy", "--all", "--dest-tls-verify=false"],
        ...[`oci:${layout.folder}:index`, `docker://${takeover.host}/${image}`],
      ]);

    const before = await takeover.peer(peer);
    for (const sample of samples) await pushSample(client, sample);
    await push("tools/busybox:before");
    const half = seededBytes("half", 50_000);
    const session = await beginUpload(client, "half/upload", half.subarray(0, 20_000));
    await deleteTag(client, "plain");
    await before.stop();

    const berth = await takeover.berth();
    await t.test("Berth says what became of the settings", async () => {
      await printed(berth, /setting of registry:2 honoured setting=storage\.delete\.enabled/);
      await printed(berth, /where=REGISTRY_STORAGE_DELETE_ENABLED/);
      await printed(berth, /setting of registry:2 not needed setting=health/);
    });
    await t.test(`everything that ${peer} held is served`, async () => {
      await pullAll(client);
      assert.equal((await pullManifest(client, "tools/busybox", "before")).digest, layout.index.digest);
      assert.equal((await client.get("/v2/plain/manifests/v1")).status, 404, "what was deleted stays deleted");
    });
    await t.test("a half-finished upload resumes", async () => {
      const target = `/v2/half/upload/blobs/uploads/${session}`;
      assert.equal((await client.get(target)).headers.range, "0-19999");
      const headers = { "content-range": "20000-49999", "content-type": "application/octet-stream" };
      const rest = { headers, body: half.subarray(20_000) };
      assert.equal((await client.request("PUT", `${target}?digest=${digestOf(half)}`, rest)).status, 201);
    });
    await t.test("the same pushes and deletions work", async () => {
      await push("tools/busybox:after");
      const [first] = samples;
      if (first !== undefined) await pushSample(client, { ...first, name: "written/by-berth", tags: ["v1"] });
      await deleteTag(client, "docker/image");
    });
    await berth.stop();

    const again = await takeover.peer(peer);
    await t.test(`${peer} serves what both wrote`, async () => {
      await pullAll(client, "docker/image");
      assert.equal((await client.get("/v2/docker/image/manifests/v1")).status, 404);
      assert.deepEqual((await listTags(client, "tools/busybox")).sort(), ["after", "before"]);
      await pullWhole(client, "tools/busybox", "after");
      await pullWhole(client, "written/by-berth", "v1");
      await pullBlob(client, "half/upload", digestOf(half));
    });
    await again.stop();
  });
}

test("Berth with the file of a registry:2 allows nothing that registry:2 did not", async (t) => {
  const scope = new Scope(t);
  const data = await scope.folder("data");
  const takeover = await Takeover.prepare(scope, file, { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: data });
  const { client } = takeover;
  const [sample] = samples;
  assert.ok(sample);
  const target = `/v2/${sample.name}/manifests/${sample.manifest.descriptor.digest}`;
  for (const serve of [() => takeover.peer(), () => takeover.berth()]) {
    const daemon = await serve();
    await pushSample(client, sample);
    assert.equal((await client.request("DELETE", target)).status, 405);
    await daemon.stop();
  }
});

/** All samples except those of a repository whose tag was deleted. */
async function pullAll(client: RegistryClient, ...deleted: readonly string[]): Promise<void> {
  for (const { name, manifest, tags } of samples.filter((sample) => !["plain", ...deleted].includes(sample.name))) {
    for (const reference of [manifest.descriptor.digest, ...tags]) await pullWhole(client, name, reference);
  }
}

/** registry 2.8.2 deletes only by digest, and the tags with that. */
async function deleteTag(client: RegistryClient, name: string): Promise<void> {
  const { digest } = await pullManifest(client, name, "v1");
  assert.equal((await client.request("DELETE", `/v2/${name}/manifests/${digest}`)).status, 202);
}

/** Sends a part, and returns the session's id, which is its folder in the data. */
async function beginUpload(client: RegistryClient, name: string, part: Buffer): Promise<string> {
  const started = await client.request("POST", `/v2/${name}/blobs/uploads/`);
  const headers = { "content-type": "application/octet-stream" };
  const sent = await client.request("PATCH", started.headers.location ?? "", { headers, body: part });
  assert.equal(sent.status, 202);
  return sent.headers["docker-upload-uuid"] ?? "";
}
