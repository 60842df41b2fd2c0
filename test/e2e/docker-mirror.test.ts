import { strict as assert } from "node:assert";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { startPeer } from "../support/peer-registry.js";
import { Scope } from "../support/scope.js";

test("docker pulls through registry-mirrors: cold, warm, and with the upstream gone", async (t) => {
  const scope = new Scope(t);
  const hub = await startPeer(scope, "registry 3.1.1", await scope.folder("hub"));
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const copy = ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", `oci:${layout.folder}:index`];
  await runCommand("skopeo", [...copy, `docker://${hub.host}/library/tool:latest`]);
  const berth = await startBerth(scope, { cacheOf: `http://${hub.host}` });
  const docker = await startDocker(scope, {}, [`--registry-mirror=http://${berth.host}`]);

  assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  await docker("image", "prune", "--all", "--force");
  await hub.daemon.stop();
  assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  await docker("tag", "tool", `${berth.host}/mine`);
  await assert.rejects(docker("push", `${berth.host}/mine`), /nothing can be pushed to it; set mode: private/);
});
