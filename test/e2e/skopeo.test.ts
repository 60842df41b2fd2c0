import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

const toPlain = "--dest-tls-verify=false";
const fromPlain = "--src-tls-verify=false";

test("skopeo", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const env = await clientHome(scope);
  const skopeo = (...args: string[]) => runCommand("skopeo", ["--insecure-policy", ...args], { env });
  const multi = `docker://${host}/multi:v1`;

  await t.test("copies an index with all its platforms there and back", async () => {
    await skopeo("copy", "--all", toPlain, `oci:${layout.folder}:index`, multi);
    assert.ok((await pullWhole(client, "multi", "v1")).includes(layout.image.digest));

    const back = await scope.folder("back");
    await skopeo("copy", "--all", fromPlain, multi, `dir:${back}`);
    assert.equal(digestOf(await readFile(join(back, "manifest.json"))), layout.index.digest);
  });

  await t.test("inspects the index and the image of one platform", async () => {
    const raw = await skopeo("inspect", "--tls-verify=false", "--raw", multi);
    assert.equal(digestOf(Buffer.from(raw)), layout.index.digest);
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", multi));
    assert.deepEqual([inspected.Architecture, inspected.RepoTags, inspected.Layers.length], ["amd64", ["v1"], 2]);
  });

  await t.test("converts to Docker's schema 2 while it copies", async () => {
    await skopeo("copy", toPlain, "--format=v2s2", `oci:${layout.folder}:image`, `docker://${host}/converted:v1`);
    await skopeo("copy", fromPlain, `docker://${host}/converted:v1`, `dir:${await scope.folder("converted")}`);
  });

  await t.test("copies between repositories by mounting", async () => {
    await skopeo("copy", "--all", fromPlain, toPlain, multi, `docker://${host}/team/copy:v1`);
    assert.equal((await pullWhole(client, "team/copy", "v1"))[0], layout.index.digest);
  });

  await t.test("lists tags", async () => {
    await skopeo("copy", "--all", fromPlain, toPlain, multi, `docker://${host}/multi:v2`);
    const { Tags } = JSON.parse(await skopeo("list-tags", "--tls-verify=false", `docker://${host}/multi`));
    assert.deepEqual(Tags, ["v1", "v2"]);
  });

  await t.test("syncs a whole repository", async () => {
    const plain = [fromPlain, toPlain];
    await skopeo("sync", "--all", "--src=docker", "--dest=docker", ...plain, `${host}/multi`, `${host}/mirror`);
    assert.deepEqual(await listTags(client, "mirror/multi"), ["v1", "v2"]);
    assert.equal((await pullWhole(client, "mirror/multi", "v2"))[0], layout.index.digest);
  });

  await t.test("deletes an image by its tag, with every tag of the same image", async () => {
    await skopeo("delete", "--tls-verify=false", `docker://${host}/mirror/multi:v1`);
    const gone = await tryCommand("skopeo", ["inspect", "--tls-verify=false", `docker://${host}/mirror/multi:v2`]);
    assert.match(gone.stderr, /manifest unknown/i);
    assert.deepEqual(await listTags(client, "mirror/multi"), []);
    assert.equal((await pullWhole(client, "multi", "v1"))[0], layout.index.digest);
  });
});
