import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startContainerd } from "../support/containerd.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { Mirror } from "../support/mirror.js";
import { startPodman } from "../support/podman.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

/** Lets `berth setup` write the files of a client, and returns the folder that stands for the root of its machine. */
async function writeSetup(scope: Scope, client: string, address: string, mode: string): Promise<string> {
  const root = await scope.folder("root");
  const options = ["--address", address, "--insecure", "--mode", mode, "--write", "--yes", "--root", root];
  await runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "setup", client, ...options], { cwd: root });
  return root;
}

test("dockerd accepts the daemon.json that berth setup writes", async (t) => {
  const scope = new Scope(t);
  const root = await writeSetup(scope, "docker", "registry.example.com:5000", "hybrid");
  const docker = await startDocker(scope, {}, [`--config-file=${join(root, "etc/docker/daemon.json")}`]);
  const config = JSON.parse(await docker("info", "--format", "{{json .RegistryConfig}}"));
  assert.deepEqual(config.Mirrors, ["http://registry.example.com:5000/"]);
  assert.equal(config.IndexConfigs["registry.example.com:5000"].Secure, false);
});

test("docker pulls through the mirror that berth setup configures, and asks no one else", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const root = await writeSetup(scope, "docker", mirror.host, "proxy");
  const file = `--config-file=${join(root, "etc/docker/daemon.json")}`;
  const docker = await startDocker(scope, mirror.clientEnvironment, [file]);
  assert.equal(digestIn(await docker("pull", "tool")), mirror.layout.index.digest);
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
});

test("podman pulls from a Berth without TLS, and pushes to it, with the settings that berth setup writes", async (t) => {
  const scope = new Scope(t);
  const { host, image } = await serveImage(scope);
  const env = await clientHome(scope);
  const untold = await startPodman(scope, env);
  await assert.rejects(untold("pull", image), /HTTP response to HTTPS client/);
  const root = await writeSetup(scope, "podman", host, "private");
  const file = join(root, "etc/containers/registries.conf.d/berth.conf");
  const told = await startPodman(scope, { ...env, CONTAINERS_REGISTRIES_CONF: file });
  await told("pull", image);
  await told("push", image, `${host}/team/other`);
});

test("containerd pulls from a Berth without TLS with the hosts.toml that berth setup writes", async (t) => {
  const scope = new Scope(t);
  const { host, image } = await serveImage(scope);
  const hosts = join(await writeSetup(scope, "containerd", host, "private"), "etc/containerd/certs.d");
  const ctr = await startContainerd(scope, {});
  await ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", image);
  assert.ok((await ctr("images", "ls", "--quiet")).includes(image));
});

/** Starts a private Berth that holds an image. */
async function serveImage(scope: Scope): Promise<{ readonly host: string; readonly image: string }> {
  const { host } = await startBerth(scope);
  const image = `${host}/team/app:1.0`;
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const ends = [`oci:${layout.folder}:index`, `docker://${image}`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
  return { host, image };
}
