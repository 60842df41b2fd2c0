import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext, writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { type Docker, digestIn, startDocker } from "../support/docker-daemon.js";
import { Scope } from "../support/scope.js";

test("docker", async (t) => {
  const scope = new Scope(t);
  const { host } = await startBerth(scope);
  const docker = await startDocker(scope);
  const image = `${host}/my_custom_image`;

  await t.test("pushes an image that it built, and pulls the same one after deleting it", async () => {
    const context = await scope.folder("context");
    await writeBuildContext(context);
    await docker("build", "--tag", image, context);
    const id = await docker("image", "inspect", "--format", "{{.Id}}", image);
    const pushed = digestIn(await docker("push", image));
    await forgetAll(docker);

    const pulled = digestIn(await docker("pull", image));
    assert.equal(pulled, pushed);
    assert.equal(await docker("image", "inspect", "--format", "{{.Id}}", image), id);
  });

  await t.test("pulls by digest", async () => {
    const [repoDigest = ""] = JSON.parse(await docker("image", "inspect", "--format", "{{json .RepoDigests}}", image));
    await forgetAll(docker);
    await docker("pull", repoDigest);
    const found = await docker("image", "inspect", "--format", "{{json .RepoDigests}}", repoDigest);
    assert.deepEqual(JSON.parse(found), [repoDigest]);
  });

  await t.test("pushes all tags of a repository, and mounts what another repository has", async () => {
    await docker("pull", image);
    for (const tag of ["one", "two"]) await docker("tag", image, `${host}/team/other:${tag}`);
    const output = await docker("push", "--all-tags", `${host}/team/other`);
    assert.match(output, /Mounted from my_custom_image/);
    const first = digestIn(await docker("pull", `${host}/team/other:one`));
    assert.equal(digestIn(await docker("pull", `${host}/team/other:two`)), first);
  });

  await t.test("pulls its own platform from an index", async () => {
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    const source = `oci:${layout.folder}:index`;
    const target = `docker://${host}/multi:latest`;
    await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", source, target]);
    await forgetAll(docker);
    assert.equal(digestIn(await docker("pull", `${host}/multi`)), layout.index.digest);
    assert.equal((await docker("image", "inspect", "--format", "{{.Architecture}}", `${host}/multi`)).trim(), "amd64");
  });

  await t.test("gets back the same files", async () => {
    await forgetAll(docker);
    await docker("pull", image);
    const container = (await docker("create", image)).trim();
    const folder = await scope.folder("files");
    await docker("cp", `${container}:/bin/busybox`, join(folder, "busybox"));
    await docker("rm", container);
    assert.equal(await runCommand(join(folder, "busybox"), ["echo", "it runs"]), "it runs\n");
  });
});

async function forgetAll(docker: Docker): Promise<void> {
  await docker("image", "prune", "--all", "--force");
  assert.equal(await docker("image", "ls", "--all", "--quiet"), "");
}
