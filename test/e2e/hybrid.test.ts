import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { startPeer } from "../support/peer-registry.js";
import { Scope } from "../support/scope.js";

/** Three registries with the same image under different names, and a Berth in front of them that is also private. */
async function startEverything(scope: Scope) {
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const upstreams = [];
  for (const [name, image] of Object.entries({
    "docker.io": "library/tool",
    "ghcr.io": "owner/tool",
    "quay.io": "org/tool",
  })) {
    const { host } = await startPeer(scope, "registry 3.1.2", await scope.folder("upstream"));
    const to = `docker://${host}/${image}:latest`;
    const flags = ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false"];
    await runCommand("skopeo", [...flags, `oci:${layout.folder}:index`, to]);
    upstreams.push({ name, url: `http://${host}` });
  }
  const berth = await startBerth(scope, { mode: "hybrid", proxy: { upstreams } });
  const docker = await startDocker(scope, {}, [`--registry-mirror=http://${berth.host}`]);
  return { layout, berth, docker };
}

test("one address: docker pushes what it built on a cached base, and pulls by mirror, by prefix and by ?ns=", async (t) => {
  const scope = new Scope(t);
  const { layout, berth, docker } = await startEverything(scope);
  const { client, host } = berth;

  // docker mounts only what it pulled under this registry's own name.
  await docker("pull", `${host}/library/tool`);
  const context = await scope.folder("context");
  await writeFile(join(context, "mine"), "a layer of our own\n");
  await writeFile(join(context, "Dockerfile"), `FROM ${host}/library/tool\nCOPY mine /mine\n`);
  await docker("build", "--tag", `${host}/my_custom_image`, context);
  const pushed = await docker("push", `${host}/my_custom_image`);
  assert.equal(pushed.match(/Mounted from library\/tool/g)?.length, 2, pushed);
  assert.equal(pushed.match(/: Pushed/g)?.length, 1, pushed);
  await docker("image", "rm", `${host}/my_custom_image`);
  assert.equal(digestIn(await docker("pull", `${host}/my_custom_image`)), digestIn(pushed));

  await docker("image", "prune", "--all", "--force");
  assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  assert.equal(digestIn(await docker("pull", `${host}/ghcr.io/owner/tool`)), layout.index.digest);
  // docker had all of it under another name, so it only requested the digest.
  await client.get("/v2/ghcr.io/owner/tool/manifests/latest");
  const quays = await client.get("/v2/org/tool/manifests/latest?ns=quay.io");
  assert.equal(quays.headers["docker-content-digest"], layout.index.digest);
  assert.equal(quays.headers["oci-namespace"], "quay.io");

  const { repositories } = JSON.parse((await client.get("/v2/_catalog")).body.toString());
  const cached = ["docker.io/library/tool", "ghcr.io/owner/tool", "quay.io/org/tool"];
  assert.deepEqual(repositories, [...cached.slice(0, 2), "my_custom_image", cached[2]]);
});

test("docker shows how to make an upstream's name private when it is pushed to", async (t) => {
  const scope = new Scope(t);
  const { berth, docker } = await startEverything(scope);
  await docker("pull", "tool");
  await docker("tag", "tool", `${berth.host}/team/tool`);
  await assert.rejects(
    docker("push", `${berth.host}/team/tool`),
    /to make it private, add "team\/\*" to private\.repositories/,
  );
  await assert.rejects(docker("pull", `${berth.host}/tool`), /Docker Hub's image is docker\.io\/library\/tool/);
});
