import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installClientFile } from "../support/client-file.js";
import { type Docker, digestIn, startDocker } from "../support/docker-daemon.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { Scope } from "../support/scope.js";

test("docker pulls through the registry-mirrors of docker-daemon.json", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const docker = await startMirrored(scope, mirror);
  await pullInEveryState(t, mirror, async () => {
    await forgetAll(docker);
    assert.equal(digestIn(await docker("pull", "tool")), mirror.layout.index.digest);
  });
});

test("docker pulls images of another registry than Docker Hub, by the registry's name after Berth's address", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const docker = await startMirrored(scope, mirror);
  await pullInEveryState(t, mirror, async () => {
    await forgetAll(docker);
    assert.equal(digestIn(await docker("pull", `${mirror.host}/ghcr.io/owner/tool`)), mirror.layout.index.digest);
  });
});

test("docker builds on an image that it pulls through registry-mirrors", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const docker = await startMirrored(scope, mirror);
  const context = await scope.folder("context");
  await writeFile(join(context, "Dockerfile"), "FROM tool\nCOPY Dockerfile /etc/\n");
  await docker("build", "--tag", "built", context);
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
});

test("docker pulls through a mirror with users, although it sends the mirror its login for Docker Hub", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "ann" });
  const rules = [{ allow: ["pull", "cache"], to: "everyone", in: "docker.io/**" }];
  const mirror = await Mirror.start(scope, { users: { htpasswd }, rules });
  const docker = await startMirrored(scope, mirror);
  const home = await scope.folder("client");
  const auth = Buffer.from("hub-user:hub-password").toString("base64");
  await writeFile(join(home, "config.json"), JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth } } }));
  assert.equal(digestIn(await docker("--config", home, "pull", "tool")), mirror.layout.index.digest);
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
});

test("docker asks Docker Hub for what Berth does not have, and for everything while Berth is down", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const docker = await startMirrored(scope, mirror);
  await assert.rejects(docker("pull", "nothing"));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
  await mirror.stop();
  await assert.rejects(docker("pull", "tool"));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT registry-1.docker.io:443"]);
});

async function startMirrored(scope: Scope, { host, clientEnvironment }: Mirror): Promise<Docker> {
  const path = join(await scope.folder("docker-config"), "daemon.json");
  await installClientFile({ name: "docker-daemon.json", path, host });
  return startDocker(scope, clientEnvironment, [`--config-file=${path}`]);
}

async function forgetAll(docker: Docker): Promise<void> {
  await docker("image", "prune", "--all", "--force");
  assert.equal(await docker("image", "ls", "--all", "--quiet"), "");
}
