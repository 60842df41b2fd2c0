import { strict as assert } from "node:assert";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBuildkit } from "../support/buildkit.js";
import { installClientFile } from "../support/client-file.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startContainerd } from "../support/containerd.js";
import { Mirror } from "../support/mirror.js";
import { startNginx } from "../support/nginx.js";
import { Scope } from "../support/scope.js";

const plainAddress = "http://registry.example.com:5000";
const tlsAddress = "https://registry.example.com:5000";

test("the client files, changed as their comments say for TLS and a private authority", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const { host, certFolder } = await startNginx(scope, mirror.host);
  const authority = join(certFolder, "ca.crt");
  const env = mirror.clientEnvironment;

  for (const [file, image] of [
    ["docker.io", "docker.io/library/tool:latest"],
    ["_default", "ghcr.io/owner/tool:latest"],
  ] as const) {
    await t.test(`containerd, ${file}/hosts.toml`, async (t) => {
      const scope = new Scope(t);
      const hosts = await scope.folder("certs.d");
      const name = `containerd-certs.d/${file}/hosts.toml`;
      const ca = { '# ca = "/etc/containerd/certs.d/berth-ca.crt"': `ca = "${authority}"` };
      const changes = { ...ca, [plainAddress]: tlsAddress };
      await installClientFile({ name, path: join(hosts, file, "hosts.toml"), host, changes });
      const ctr = await startContainerd(scope, env);
      await ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", image);
    });
  }

  await t.test("skopeo, podman-registries.conf", async (t) => {
    const scope = new Scope(t);
    const { HOME = "", ...home } = await clientHome(scope);
    const settings = join(HOME, ".config/containers");
    const path = join(settings, "registries.conf.d/berth.conf");
    await installClientFile({ name: "podman-registries.conf", path, host, changes: { "insecure = true\n": "" } });
    await cp(authority, join(settings, "certs.d", host, "ca.crt"));
    for (const image of ["docker.io/library/tool:latest", "ghcr.io/owner/tool:latest"]) {
      const copy = ["--insecure-policy", "copy", "--all", `docker://${image}`, `dir:${await scope.folder("copied")}`];
      await runCommand("skopeo", copy, { env: { HOME, ...home, ...env } });
    }
  });

  await t.test("BuildKit, buildkitd.toml", async (t) => {
    const scope = new Scope(t);
    const path = join(await scope.folder("buildkit-config"), "buildkitd.toml");
    // Only this test needs the line: BuildKit uses plain HTTP for loopback addresses unless told otherwise.
    const changes = { "  http = true": `  http = false\n  ca = ["${authority}"]` };
    await installClientFile({ name: "buildkitd.toml", path, host, changes });
    const { buildOn } = await startBuildkit(scope, path, env);
    for (const image of ["tool", "ghcr.io/owner/tool"]) await buildOn(image);
  });

  assert.deepEqual(mirror.takeAskedElsewhere(), []);
});
