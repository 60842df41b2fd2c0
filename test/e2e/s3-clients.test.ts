import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { makeBucket, type StoreName, startStore } from "../support/object-stores/object-store.js";
import { startReplicas } from "../support/object-stores/replicas.js";
import { startPeer } from "../support/peer-registry.js";
import { startPodman } from "../support/podman.js";
import { Scope } from "../support/scope.js";

const skopeoFlags = ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", "--src-tls-verify=false"];

for (const name of ["minio", "versitygw"] satisfies StoreName[]) {
  test(`clients push and pull through two replicas on ${name}, which also cache`, async (t) => {
    const scope = new Scope(t);
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    const upstream = await startPeer(scope, "registry 3.1.2", await scope.folder("upstream"));
    const copy = (from: string, to: string) => runCommand("skopeo", [...skopeoFlags, from, to]);
    await copy(`oci:${layout.folder}:index`, `docker://${upstream.host}/library/tool:latest`);
    const store = await startStore(scope, name);
    await makeBucket(store, "images");
    const proxy = { upstreams: [{ name: "docker.io", url: `http://${upstream.host}` }] };
    const { host, members } = await startReplicas(scope, store, "images", { mode: "hybrid", proxy });
    const docker = await startDocker(scope);
    const context = await scope.folder("context");

    await t.test("docker pushes what it built on a cached base, and pulls it again", async () => {
      await writeFile(join(context, "mine"), "a layer of our own\n");
      await writeFile(join(context, "Dockerfile"), `FROM ${host}/library/tool\nCOPY mine /mine\n`);
      await docker("build", "--tag", `${host}/built`, context);
      const pushed = digestIn(await docker("push", `${host}/built`));
      await docker("image", "prune", "--all", "--force");
      assert.equal(digestIn(await docker("pull", `${host}/built`)), pushed);
    });

    await t.test("skopeo and crane push and pull an index with all its platforms", async () => {
      await copy(`oci:${layout.folder}:index`, `docker://${host}/indexed:1`);
      assert.equal((await runCommand("crane", ["digest", `${host}/indexed:1`])).trim(), layout.index.digest);
      await runCommand("crane", ["copy", "--insecure", `${host}/indexed:1`, `${host}/copied:1`]);
      await copy(`docker://${host}/copied:1`, `oci:${await scope.folder("pulled")}:index`);
    });

    await t.test("podman pulls the index, and pushes what it has pulled", async () => {
      const podman = await startPodman(scope);
      await podman("pull", "--tls-verify=false", `${host}/indexed:1`);
      await podman("tag", `${host}/indexed:1`, `${host}/by-podman:1`);
      await podman("push", "--tls-verify=false", `${host}/by-podman:1`);
      await podman("rmi", "--all", "--force");
      await podman("pull", "--tls-verify=false", `${host}/by-podman:1`);
    });

    await t.test("no replica finds in its race at the start that conditional writes do not hold", () => {
      for (const { daemon } of members) assert.doesNotMatch(daemon.output, /the last writer wins/);
    });

    await t.test("the cache serves from the bucket while the upstream is away", async () => {
      await copy(`docker://${host}/library/tool:latest`, `oci:${await scope.folder("cached")}:index`);
      await upstream.daemon.stop();
      for (const member of members)
        await copy(
          `docker://${member.host}/library/tool@${layout.index.digest}`,
          `oci:${await scope.folder("away")}:index`,
        );
    });
  });
}
