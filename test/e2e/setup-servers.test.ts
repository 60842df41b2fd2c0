import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isRefused } from "../support/access-clients/access-client.js";
import { writeBuildContext } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { Daemon } from "../support/daemon.js";
import { startDockerDaemon } from "../support/docker-daemon.js";
import { freePort } from "../support/free-port.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";
import { below, type SetupGuide, shellOf, writeGuide } from "../support/setup-guide.js";

/** Serves by the file that `berth setup` has written, on loopback only. */
async function serve(scope: Scope, { root, read }: SetupGuide, address: string): Promise<void> {
  const file = join(root, "etc/berth/berth.yml");
  await writeFile(file, below(root, await read("etc/berth/berth.yml")).replace("host: 0.0.0.0", "host: 127.0.0.1"));
  const daemon = new Daemon(scope, process.execPath, [join(projectRoot, "dist/main.js"), "serve", file]);
  const insecure = ["--silent", "--insecure", "--output", "/dev/null"];
  await daemon.ready(() =>
    runCommand("curl", [...insecure, `https://${address}/readyz`])
      .catch(() => runCommand("curl", [...insecure, `http://${address}/readyz`]))
      .then(
        () => true,
        () => undefined,
      ),
  );
}

/** Does what a guide for a server says, and returns docker as the user ann. */
async function follow(scope: Scope, guide: SetupGuide, address: string) {
  const { env, docker } = await startDockerDaemon(scope);
  const shell = await shellOf(scope, guide.root, env);
  for (const command of guide.commands) {
    if (command.startsWith("berth serve")) await serve(scope, guide, address);
    else if (command.startsWith("docker login")) await shell(`${command} --username ann --password-stdin`, "secret");
    else await shell(command, "secret\n");
  }
  const context = await scope.folder("context");
  await writeBuildContext(context);
  await docker("build", "--tag", `${address}/team/app:v1`, context);
  await docker("push", `${address}/team/app:v1`);
  await docker("image", "prune", "--all", "--force");
  return docker;
}

for (const scheme of ["http", "https"]) {
  test(`berth setup team: the commands that it prints make a registry for users only (${scheme})`, async (t) => {
    const scope = new Scope(t);
    const address = `127.0.0.1:${await freePort()}`;
    const guide = await writeGuide(scope, "team", "--address", address, ...(scheme === "http" ? ["--insecure"] : []));
    const docker = await follow(scope, guide, address);
    await docker("pull", `${address}/team/app:v1`);
    await docker("logout", address);
    // On loopback docker tries plain HTTP after a refusal by HTTPS, and tells of that.
    await assert.rejects(docker("pull", `${address}/team/app:v1`), /unauthorized|no basic auth|speaks HTTPS/);
  });
}

test("berth setup anonymous-pull: the commands that it prints make a registry that everyone pulls from", async (t) => {
  const scope = new Scope(t);
  const address = `127.0.0.1:${await freePort()}`;
  const docker = await follow(
    scope,
    await writeGuide(scope, "anonymous-pull", "--address", address, "--insecure"),
    address,
  );
  await docker("logout", address);
  await docker("pull", `${address}/team/app:v1`);
  await docker("tag", `${address}/team/app:v1`, `${address}/team/app:v2`);
  assert.ok(await isRefused(docker("push", `${address}/team/app:v2`)));
});
