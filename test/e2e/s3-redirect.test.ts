import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { makeBucket, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { startPodman } from "../support/podman.js";
import { Scope } from "../support/scope.js";

test("docker, podman, skopeo and crane pull blobs that they are sent to the store for", async (t) => {
  const scope = new Scope(t);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const store = await startStore(scope, "minio");
  await makeBucket(store, "images");
  const { s3, ...storage } = await storageIn(scope, store, "images");
  const redirecting = { ...storage, s3: { ...(s3 as object), redirect: { minSize: "0B" } } };
  const { host, client } = await startBerth(scope, { storage: redirecting });
  const image = `${host}/team/tool:1`;
  const skopeo = ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", "--src-tls-verify=false"];
  await runCommand("skopeo", [...skopeo, `oci:${layout.folder}:index`, `docker://${image}`]);

  await t.test("the store accepts the signature of the address", async () => {
    const manifest = JSON.parse((await client.get(`/v2/team/tool/manifests/1`, { accept: "*/*" })).body.toString());
    const child = await client.get(`/v2/team/tool/manifests/${manifest.manifests[0].digest}`, { accept: "*/*" });
    // The configuration is so small that it is kept in memory.
    const { layers } = JSON.parse(child.body.toString());
    const answer = await client.get(`/v2/team/tool/blobs/${layers[0].digest}`);
    assert.equal(answer.status, 307);
    const read = await fetch(answer.headers.location ?? "", { headers: { range: "bytes=0-9" } });
    assert.equal(read.status, 206, await read.text());
  });
  await t.test("skopeo and crane", async () => {
    await runCommand("skopeo", [...skopeo, `docker://${image}`, `oci:${await scope.folder("pulled")}:index`]);
    await runCommand("crane", ["pull", "--insecure", image, join(await scope.folder("tar"), "image.tar")]);
  });
  await t.test("docker, which also pushes a layer of its own", async () => {
    const docker = await startDocker(scope);
    const context = await scope.folder("context");
    await writeFile(join(context, "mine"), "a layer of our own\n");
    await writeFile(join(context, "Dockerfile"), `FROM ${image}\nCOPY mine /mine\n`);
    await docker("build", "--tag", `${host}/built`, context);
    const pushed = digestIn(await docker("push", `${host}/built`));
    await docker("image", "prune", "--all", "--force");
    assert.equal(digestIn(await docker("pull", `${host}/built`)), pushed);
  });
  await t.test("podman", async () => {
    const podman = await startPodman(scope);
    await podman("pull", "--tls-verify=false", image);
  });
});
