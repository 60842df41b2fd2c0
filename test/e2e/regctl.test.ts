import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

const sbomType = "application/vnd.example.sbom";

test("regctl", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const env = await clientHome(scope);
  const plain = ["--host", `reg=${host},tls=disabled`];
  const regctlWith = (input: string, ...args: string[]) => runCommand("regctl", [...plain, ...args], { env, input });
  const regctl = (...args: string[]) => regctlWith("", ...args);
  const image = `${host}/app:v1`;

  await t.test("copies an index from a layout, and returns its bytes", async () => {
    await regctl("image", "copy", `ocidir://${layout.folder}:index`, image);
    assert.equal((await regctl("image", "digest", image)).trim(), layout.index.digest);
    const raw = await regctl("manifest", "get", "--format=raw-body", image);
    assert.equal(digestOf(Buffer.from(raw)), layout.index.digest);
  });

  await t.test("gets a blob", async () => {
    const { config } = JSON.parse(
      await regctl("manifest", "get", "--format=raw-body", "--platform=linux/amd64", image),
    );
    assert.equal(digestOf(Buffer.from(await regctl("blob", "get", `${host}/app`, config.digest))), config.digest);
  });

  await t.test("copies an image with its referrers", async () => {
    const kind = ["--artifact-type", sbomType, "--file-media-type", "application/json"];
    await regctlWith("{}", "artifact", "put", ...kind, "--subject", image);
    await regctl("image", "copy", "--referrers", image, `${host}/team/copy:v1`);
    assert.equal((await pullWhole(client, "team/copy", "v1"))[0], layout.index.digest);
    for (const name of ["app", "team/copy"]) {
      const list = JSON.parse(await regctl("artifact", "list", "--format={{json .}}", `${host}/${name}:v1`));
      const types = list.descriptors.map((descriptor: { artifactType: string }) => descriptor.artifactType);
      assert.deepEqual(types, [sbomType], name);
      assert.deepEqual(await listTags(client, name), ["v1"], "the registry lists referrers, no tag is needed for them");
    }
  });

  await t.test("deletes one tag, and keeps the manifest and its other tags", async () => {
    await regctl("image", "copy", image, `${host}/app:v2`);
    assert.equal(await regctl("tag", "ls", `${host}/app`), "v1\nv2\n");
    await regctl("tag", "delete", `${host}/app:v2`);
    assert.equal(await regctl("tag", "ls", `${host}/app`), "v1\n");
    assert.equal((await pullWhole(client, "app", layout.index.digest))[0], layout.index.digest);
    const gone = await tryCommand("regctl", [...plain, "image", "digest", `${host}/app:v2`]);
    assert.notEqual(gone.code, 0);
  });

  await t.test("lists the repositories", async () => {
    assert.equal(await regctl("repo", "ls", host), "app\nteam/copy\n");
  });
});
