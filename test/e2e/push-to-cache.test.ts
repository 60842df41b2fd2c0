import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startDocker } from "../support/docker-daemon.js";
import { startPeer } from "../support/peer-registry.js";
import { startPodman } from "../support/podman.js";
import { Scope } from "../support/scope.js";

/** What the user must read: why, and what to do. */
const sentence =
  "this registry only caches others (mode: proxy), so nothing can be pushed to it; " +
  "set mode: private in its configuration to push here";

test("whoever pushes to a cache reads why it does not work, and what to do", async (t) => {
  const scope = new Scope(t);
  const upstream = await startPeer(scope, "registry 3.1.2", await scope.folder("upstream"));
  const { host } = await startBerth(scope, { cacheOf: `http://${upstream.host}` });
  const { folder } = await writeBusyboxLayout(await scope.folder("layout"));
  const image = `${host}/my_custom_image`;
  const archive = join(folder, "image.tar");
  const ends = [`oci:${folder}:image`, `docker-archive:${archive}:${image}:latest`];
  await runCommand("skopeo", ["--insecure-policy", "copy", ...ends]);

  await t.test("docker", async () => {
    const docker = await startDocker(scope);
    await docker("load", "--input", archive);
    await assert.rejects(docker("push", image), hasSentence);
  });

  await t.test("podman", async () => {
    const podman = await startPodman(scope);
    await podman("load", "--input", archive);
    await assert.rejects(podman("push", "--tls-verify=false", image), hasSentence);
  });

  const env = await clientHome(scope);
  const layout = `${folder}:image`;
  const commands = {
    skopeo: ["--insecure-policy", "copy", "--dest-tls-verify=false", `oci:${layout}`, `docker://${image}`],
    crane: ["push", "--insecure", archive, image],
    oras: ["copy", "--to-plain-http", "--from-oci-layout", layout, image],
    regctl: ["--host", `reg=${host},tls=disabled`, "image", "copy", `ocidir://${layout}`, image],
  };
  for (const [name, args] of Object.entries(commands)) {
    await t.test(name, () => assert.rejects(runCommand(name, args, { env }), hasSentence));
  }
});

function hasSentence({ message }: Error): boolean {
  assert.ok(message.includes(sentence), message);
  return true;
}
