import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

test("crane", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const env = await clientHome(scope);
  const crane = async (...args: string[]) => (await runCommand("crane", ["--insecure", ...args], { env })).trim();
  const image = `${host}/pushed`;

  await t.test("pushes a layout as an index of an index", async () => {
    const pushed = await crane("push", "--index", layout.folder, `${image}:v1`);
    assert.equal(pushed, `${image}@${await crane("digest", `${image}:v1`)}`);
    assert.ok((await pullWhole(client, "pushed", "v1")).includes(layout.index.digest));
  });

  await t.test("pulls what it pushed", async () => {
    const folder = await scope.folder("pulled");
    await crane("pull", "--format=oci", `${image}:v1`, folder);
    await crane("push", "--index", folder, `${host}/again:v1`);
    assert.ok((await pullWhole(client, "again", "v1")).includes(layout.index.digest));
  });

  await t.test("copies, lists and names", async () => {
    await crane("copy", `${image}@${layout.index.digest}`, `${host}/team/copied:v1`);
    assert.equal(await crane("digest", `${host}/team/copied:v1`), layout.index.digest);
    await crane("tag", `${host}/team/copied:v1`, "v2");
    assert.equal(await crane("ls", `${host}/team/copied`), "v1\nv2");
    assert.equal(await crane("catalog", host), "again\npushed\nteam/copied");
  });

  await t.test("appends a layer", async () => {
    const folder = await scope.folder("layer");
    await writeFile(join(folder, "appended"), "appended\n");
    await runCommand("tar", ["-C", folder, "-cf", join(folder, "layer.tar"), "appended"]);
    const base = ["--base", `${host}/team/copied:v1`, "--platform=linux/amd64"];
    await crane("append", ...base, "--new_layer", join(folder, "layer.tar"), "--new_tag", `${host}/appended:v1`);
    await crane("validate", "--remote", `${host}/appended:v1`);
    assert.equal(JSON.parse(await crane("manifest", `${host}/appended:v1`)).layers.length, 3);
  });

  await t.test("deletes by digest, including the tags", async () => {
    await crane("delete", `${host}/team/copied@${layout.index.digest}`);
    assert.equal(await crane("ls", `${host}/team/copied`), "");
    const gone = await tryCommand("crane", ["--insecure", "digest", `${host}/team/copied:v1`]);
    assert.match(gone.stderr, /MANIFEST_UNKNOWN|404/);
  });
});
