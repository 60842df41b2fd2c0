import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { installClientFile } from "../support/client-file.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { type Podman, startPodman } from "../support/podman.js";
import { Scope } from "../support/scope.js";

const images = ["docker.io/library/tool:latest", "ghcr.io/owner/tool:latest"];

/** The proposal of registries.conf for never asking Docker Hub. */
const closing = { 'location = "docker.io"': 'location = "registry.example.com:5000"\ninsecure = true' };

test("podman pulls through podman-registries.conf", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const podman = await startPodman(scope, await homeWithMirror(scope, mirror));
  await pullInEveryState(t, mirror, async () => {
    await forgetAll(podman);
    for (const image of images) {
      await podman("pull", image);
      const found = await podman("image", "inspect", "--format", "{{json .RepoDigests}}", image);
      assert.ok(found.includes(mirror.layout.index.digest), found);
    }
  });
});

test("podman pulls through a mirror for users only, with its login for the mirror", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "ann" });
  const mirror = await Mirror.start(scope, { users: { htpasswd } });
  const podman = await startPodman(scope, await homeWithMirror(scope, mirror, closing));
  const [image = ""] = images;
  await assert.rejects(podman("pull", image), /unauthorized|authentication required/);
  await podman("login", "--tls-verify=false", "--username", "ann", "--password", "ann", mirror.host);
  await podman("pull", image);
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
});

test("buildah pulls through podman-registries.conf", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const env = await homeWithMirror(scope, mirror);
  const folder = await scope.folder("buildah");
  const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver=vfs"];
  const buildah = (...args: string[]) => runCommand("buildah", [...own, ...args], { env });
  await pullInEveryState(t, mirror, async () => {
    await buildah("rmi", "--all", "--force");
    for (const image of images) await buildah("pull", image);
  });
});

test("skopeo copies an index with all its platforms through podman-registries.conf", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const env = await homeWithMirror(scope, mirror);
  await pullInEveryState(t, mirror, async () => {
    for (const image of images) {
      const folder = await scope.folder("copied");
      const copy = ["--insecure-policy", "copy", "--all", `docker://${image}`, `dir:${folder}`];
      await runCommand("skopeo", copy, { env });
      assert.equal(digestOf(await readFile(join(folder, "manifest.json"))), mirror.layout.index.digest);
    }
  });
});

test("podman asks Docker Hub for what Berth does not have, or while it is down, unless its location is Berth", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const absent = ["pull", "docker.io/library/nothing"];
  const open = await startPodman(scope, await homeWithMirror(scope, mirror));
  await assert.rejects(open(...absent), /docker\.io has no .* in library\/nothing/);
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
  const closed = await startPodman(scope, await homeWithMirror(scope, mirror, closing));
  await assert.rejects(closed(...absent), /docker\.io has no .* in library\/nothing/);
  await closed("pull", "docker.io/library/tool");
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
  await mirror.stop();
  await assert.rejects(closed("pull", "docker.io/library/tool"));
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
  await assert.rejects(open("pull", "docker.io/library/tool"));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
});

/** A home directory with the file where one user's clients find it. */
async function homeWithMirror(scope: Scope, mirror: Mirror, changes = {}): Promise<Readonly<Record<string, string>>> {
  const { HOME = "", ...home } = await clientHome(scope);
  const path = join(HOME, ".config/containers/registries.conf.d/berth.conf");
  await installClientFile({ name: "podman-registries.conf", path, host: mirror.host, changes });
  return { HOME, ...home, ...mirror.clientEnvironment };
}

async function forgetAll(podman: Podman): Promise<void> {
  await podman("rmi", "--all", "--force");
  assert.equal(await podman("images", "--all", "--quiet"), "");
}
