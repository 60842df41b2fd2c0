import { strict as assert } from "node:assert";
import { test } from "node:test";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { Scope } from "../support/scope.js";

for (const name of ["tool", "ghcr.io/owner/tool"]) {
  test(`crane pulls ${name} with all its platforms by a name that says where Berth is`, async (t) => {
    const scope = new Scope(t);
    const mirror = await Mirror.start(scope);
    const env = { ...(await clientHome(scope)), ...mirror.clientEnvironment };
    const crane = async (...args: string[]) => (await runCommand("crane", ["--insecure", ...args], { env })).trim();
    const image = `${mirror.host}/${name}`;
    await pullInEveryState(t, mirror, async () => {
      assert.equal(await crane("digest", image), mirror.layout.index.digest);
      await crane("pull", "--format=oci", image, await scope.folder("pulled"));
      for (const platform of ["linux/amd64", "linux/arm64"]) {
        await crane("validate", "--remote", image, "--platform", platform);
      }
    });
  });
}
