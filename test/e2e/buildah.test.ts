import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { Scope } from "../support/scope.js";

for (const format of ["oci", "docker"]) {
  test(`buildah pushes an image of the format ${format}, and pulls the same one after deleting it`, async (t) => {
    const scope = new Scope(t);
    const { host } = await startBerth(scope);
    const folder = await scope.folder("buildah");
    const env = await clientHome(scope);
    const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver=vfs"];
    const buildah = (...args: string[]) => runCommand("buildah", [...own, ...args], { env });
    const image = `${host}/built/by-buildah`;
    const digestFile = join(folder, "digest");
    const context = await scope.folder("context");
    await writeBuildContext(context);

    const container = (await buildah("from", "scratch")).trim();
    await buildah("copy", container, join(context, "bin"), "/bin");
    await buildah("config", "--cmd", "/bin/sh", container);
    await buildah("commit", "--rm", "--format", format, container, image);
    await buildah("push", "--tls-verify=false", "--digestfile", digestFile, image);
    await buildah("rmi", "--all", "--force");
    assert.equal(await buildah("images", "--quiet"), "");

    await buildah("pull", "--tls-verify=false", image);
    const pulled = await buildah("inspect", "--type", "image", "--format", "{{.FromImageDigest}}", image);
    assert.equal(pulled.trim(), await readFile(digestFile, "utf8"));
  });
}
