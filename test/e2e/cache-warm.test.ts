import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { EgressProxy } from "../support/egress-proxy.js";
import { startPeer } from "../support/peer-registry.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

test("docker pulls what was warmed while Berth ran, with the upstream gone before the first pull", async (t) => {
  const scope = new Scope(t);
  const upstream = await startPeer(scope, "registry 3.1.2", await scope.folder("upstream"));
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const ends = [`oci:${layout.folder}:index`, `docker://${upstream.host}/library/tool:latest`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
  const proxy = { upstreams: [{ name: "docker.io", url: `http://${upstream.host}` }] };
  const { root, host } = await startBerth(scope, { proxy });

  const configFile = join(await scope.folder("config"), "berth.yml");
  await writeFile(configFile, JSON.stringify({ mode: "proxy", storage: { filesystem: { root } }, proxy }));
  const warm = [join(projectRoot, "dist/main.js"), "cache", "warm", "tool", "--config", configFile];
  assert.match(await runCommand(process.execPath, warm), /^1 image is cached: /m);
  await upstream.daemon.kill();

  const egress = await EgressProxy.start(scope);
  const environment = { HTTPS_PROXY: egress.url, HTTP_PROXY: egress.url };
  const docker = await startDocker(scope, environment, [`--registry-mirror=http://${host}`]);
  assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  assert.deepEqual(egress.asked, []);
});
