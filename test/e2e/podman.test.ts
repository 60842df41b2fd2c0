import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext, writeBusyboxLayout } from "../support/busybox-image.js";
import { type Podman, startPodman } from "../support/podman.js";
import { Scope } from "../support/scope.js";

test("podman", async (t) => {
  const scope = new Scope(t);
  const { host } = await startBerth(scope);
  const podman = await startPodman(scope);
  const digestFile = join(await scope.folder(), "digest");
  const image = `${host}/team/built`;
  const plain = "--tls-verify=false";

  await t.test("pushes an image that it built, and pulls the same one after deleting it", async () => {
    const context = await scope.folder("context");
    await writeBuildContext(context);
    await podman("build", "--isolation=chroot", "--tag", image, context);
    await podman("push", plain, "--digestfile", digestFile, image);
    const pushed = await readFile(digestFile, "utf8");
    const id = await podman("image", "inspect", "--format", "{{.Id}}", image);
    await forgetAll(podman);

    await podman("pull", plain, image);
    assert.equal((await podman("image", "inspect", "--format", "{{.Digest}}", image)).trim(), pushed);
    assert.equal(await podman("image", "inspect", "--format", "{{.Id}}", image), id);
  });

  await t.test("pulls by digest", async () => {
    const pushed = await readFile(digestFile, "utf8");
    await forgetAll(podman);
    await podman("pull", plain, `${image}@${pushed}`);
    assert.equal((await podman("image", "inspect", "--format", "{{.Digest}}", `${image}@${pushed}`)).trim(), pushed);
  });

  await t.test("pushes an index, and pulls one platform of it", async () => {
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    const target = `${host}/team/multi`;
    await podman("manifest", "create", target, `oci:${layout.folder}:image`);
    await podman("manifest", "push", plain, "--all", "--digestfile", digestFile, target, `docker://${target}:v1`);
    await podman("manifest", "rm", target);
    await forgetAll(podman);

    await podman("pull", plain, "--platform=linux/amd64", `${target}:v1`);
    const found = await podman("image", "inspect", "--format", "{{json .RepoDigests}}", `${target}:v1`);
    const pushed = await readFile(digestFile, "utf8");
    assert.ok(JSON.parse(found).includes(`${target}@${pushed}`), `${found} should name ${pushed}`);
  });

  await t.test("finds the repositories that were pushed", async () => {
    const found = await podman("search", plain, "--format", "{{.Name}}", `${host}/team`);
    assert.deepEqual(found.trim().split("\n").sort(), [`${host}/team/built`, `${host}/team/multi`]);
  });
});

async function forgetAll(podman: Podman): Promise<void> {
  await podman("rmi", "--all", "--force");
  assert.equal(await podman("images", "--all", "--quiet"), "");
}
