import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

test("helm", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const cwd = await scope.folder("charts");
  const env = await clientHome(scope);
  const helm = (...args: string[]) => runCommand("helm", args, { cwd, env });
  const plain = "--plain-http";
  await helm("create", "app");
  await helm("package", "app", "--version=0.1.0");
  await helm("package", "app", "--version=0.2.0+build.7");

  await t.test("pushes a chart and pulls the same bytes", async () => {
    await helm("push", "app-0.1.0.tgz", `oci://${host}/charts`, plain);
    const folder = await scope.folder("pulled");
    await helm("pull", `oci://${host}/charts/app`, "--version=0.1.0", plain, "--destination", folder);
    const [pushed, pulled] = [cwd, folder].map((place) => readFile(join(place, "app-0.1.0.tgz")));
    assert.deepEqual(await pulled, await pushed);
    assert.equal((await pullWhole(client, "charts/app", "0.1.0")).length, 3);
  });

  await t.test(
    "pushes a version with a plus sign, which tags cannot contain, as a tag with an underscore",
    async () => {
      await helm("push", "app-0.2.0+build.7.tgz", `oci://${host}/charts`, plain);
      assert.deepEqual(await listTags(client, "charts/app"), ["0.1.0", "0.2.0_build.7"]);
    },
  );

  await t.test("shows the newest version, which it finds in the tag list", async () => {
    assert.match(await helm("show", "chart", `oci://${host}/charts/app`, plain), /^version: 0\.2\.0\+build\.7$/m);
    const range = ["--version=~0.1", plain];
    assert.match(await helm("template", `oci://${host}/charts/app`, ...range), /helm\.sh\/chart: app-0\.1\.0$/m);
  });

  await t.test("reports that the name of a missing chart is unknown", async () => {
    const { code, stderr } = await tryCommand("helm", ["pull", `oci://${host}/charts/other`, plain], { cwd, env });
    assert.equal(code, 1);
    assert.match(stderr, /404: name unknown/);
  });
});
