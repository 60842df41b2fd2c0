import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { startBuildkit } from "../support/buildkit.js";
import { installClientFile } from "../support/client-file.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { Scope } from "../support/scope.js";

test("BuildKit builds on images that it pulls through buildkitd.toml", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const { buildOn, forgetAll } = await startMirrored(scope, mirror);
  await pullInEveryState(t, mirror, async () => {
    // Both names are one image; BuildKit would look up the second one, and pull no byte of it.
    for (const image of ["tool", "ghcr.io/owner/tool"]) {
      await forgetAll();
      await buildOn(image);
    }
  });
});

test("BuildKit asks Docker Hub for what Berth does not have, and for everything while Berth is down", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const { buildOn } = await startMirrored(scope, mirror);
  await assert.rejects(buildOn("nothing"));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
  await mirror.stop();
  await assert.rejects(buildOn("tool"));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
});

async function startMirrored(scope: Scope, { host, clientEnvironment }: Mirror) {
  const path = join(await scope.folder("buildkit-config"), "buildkitd.toml");
  await installClientFile({ name: "buildkitd.toml", path, host });
  return startBuildkit(scope, path, clientEnvironment);
}
