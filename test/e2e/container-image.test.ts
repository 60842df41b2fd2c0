import { strict as assert } from "node:assert";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { writeBuildContext } from "../support/busybox-image.js";
import { type Docker, digestIn, startDocker } from "../support/docker-daemon.js";
import { freePort } from "../support/free-port.js";
import { startComposeNginx } from "../support/nginx.js";
import { importNodeImage } from "../support/node-image.js";
import { projectRoot } from "../support/project.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

// No bridge: containers share the network of the host, and each gets its own port.
const detached = ["run", "--detach", "--network", "host", "--health-interval", "1s"];

test("the image that the Dockerfile builds", async (t) => {
  const scope = new Scope(t);
  const docker = await startDocker(scope, {}, [], "overlay2");
  await importNodeImage(scope, docker, "stand-in");
  await docker("build", "--network", "none", "--build-arg", "NODE_IMAGE=stand-in", "--tag", "berth", projectRoot);

  await t.test("serves pushes and pulls from its volume, is healthy, not root, and stops with 0", async () => {
    const port = await freePort();
    const image = `127.0.0.1:${port}/my_custom_image`;
    const run = ["--volume", "registry:/var/lib/registry", "--env", `BERTH_SERVER_PORT=${port}`, "berth"];
    const first = await start(docker, ...run);
    await buildSmallImage(scope, docker, image);
    const pushed = digestIn(await docker("push", image));
    assert.equal((await docker("exec", first, "id", "-u")).trim(), "1000");
    await stopsWell(docker, first);

    const second = await start(docker, ...run);
    await docker("image", "rm", "--force", image);
    assert.equal(digestIn(await docker("pull", image)), pushed);
    const visitor = new RegistryClient(`http://127.0.0.1:${port}`);
    for (const path of ["/ui/", "/v2/_berth/openapi.yml"]) assert.equal((await visitor.get(path)).status, 200, path);
    const answer = await new RegistryClient(`http://127.0.0.1:${port}`).request(
      "DELETE",
      `/v2/my_custom_image/manifests/${pushed}`,
    );
    assert.equal(answer.status, 202);
    await stopsWell(docker, second);
    const collected = await docker("run", "--rm", ...run, "garbage-collect", "/etc/docker/registry/config.yml");
    assert.match(collected, /, [1-9]\d* blobs and 0 manifests eligible for deletion$/m);
  });

  for (const place of ["/etc/docker/registry/config.yml", "/etc/distribution/config.yml"]) {
    await t.test(`serves with a file of registry:2 mounted at ${place}`, async () => {
      const port = await freePort();
      const file = await registry2File(scope, port);
      const id = await start(docker, "--volume", `${file}:${place}:ro`, "berth");
      const answer = await new RegistryClient(`http://127.0.0.1:${port}`).get("/v2/");
      assert.equal(answer.status, 200);
      await stopsWell(docker, id);
    });
  }

  await t.test("takes the file as its command, as with registry:2", async () => {
    const port = await freePort();
    const file = await registry2File(scope, port);
    const mount = ["--volume", `${file}:/etc/other.yml:ro`, "--no-healthcheck", "berth"];
    for (const command of [["/etc/other.yml"], ["serve", "/etc/other.yml"]]) {
      const id = (await docker("run", "--detach", "--network", "host", ...mount, ...command)).trim();
      await logged(docker, id, /info {2}serving /);
      await stopsWell(docker, id);
    }
  });

  await t.test("accepts the commands, settings and health checks that people use with registry:2", async () => {
    const port = await freePort();
    const file = "/etc/docker/registry/config.yml";
    const options = [
      "--volume",
      "called:/var/lib/registry",
      "--health-cmd",
      `wget --spider -q http://127.0.0.1:${port}/v2/`,
    ];
    for (const variable of [`HTTP_ADDR=127.0.0.1:${port}`, "STORAGE_DELETE_ENABLED=true", "LOG_LEVEL=info"])
      options.push("--env", `REGISTRY_${variable}`);
    for (const call of [
      ["berth", "/bin/registry", "serve", file],
      ["berth", "/entrypoint.sh", file],
      ["--entrypoint", "/bin/registry", "berth", "serve", file],
      ["--entrypoint", "/entrypoint.sh", "berth", file],
    ]) {
      const id = await start(docker, ...options, ...call);
      const collected = await docker("exec", id, "/bin/registry", "garbage-collect", "--dry-run=true", file);
      assert.match(collected, /eligible for deletion/, call.join(" "));
      await stopsWell(docker, id);
    }
  });

  await t.test(
    "with the variables of compose.yaml it is a cache, and with one more line accepts pushes through nginx",
    async () => {
      const port = await freePort();
      const variables = [
        "--env-file",
        join(projectRoot, "config/docker-compose.env"),
        "--env",
        `BERTH_SERVER_PORT=${port}`,
      ];
      const cache = await start(docker, ...variables, "berth");
      assert.match(await docker("logs", cache), /info {2}serving .*mode=proxy.*data=\/var\/lib\/registry/);
      const image = `${await startComposeNginx(scope, `127.0.0.1:${port}`)}/my_custom_image`;
      await buildSmallImage(scope, docker, image);
      await assert.rejects(docker("push", image), /mode: hybrid/);
      await stopsWell(docker, cache);

      const both = await start(docker, ...variables, "--env", "BERTH_MODE=hybrid", "berth");
      const pushed = digestIn(await docker("push", image));
      await docker("image", "rm", "--force", image);
      assert.equal(digestIn(await docker("pull", image)), pushed);
      await stopsWell(docker, both);
    },
  );

  await t.test("compose.yaml mounts files that exist, and sets the variables that were tested", async () => {
    const { services } = parse(await readFile(join(projectRoot, "compose.yaml"), "utf8"));
    assert.equal(services.berth.env_file, "config/docker-compose.env");
    assert.deepEqual(services.berth.volumes, ["registry:/var/lib/registry"]);
    const [source = ""] = services.nginx.volumes[0].split(":");
    assert.equal(source, "./config/nginx-compose.conf");
  });
});

/** Runs a container until it is healthy. */
async function start(docker: Docker, ...args: readonly string[]): Promise<string> {
  const id = (await docker(...detached, ...args)).trim();
  await waitUntil("the container is healthy", async () => {
    const state = (await docker("inspect", "--format", "{{.State.Status}} {{.State.Health.Status}}", id)).trim();
    if (state.startsWith("exited")) throw new Error(`it ended:\n${await docker("logs", id)}`);
    return state === "running healthy" ? true : undefined;
  });
  return id;
}

async function logged(docker: Docker, id: string, line: RegExp): Promise<void> {
  await waitUntil(`the container logs ${line}`, async () => (line.test(await docker("logs", id)) ? true : undefined));
}

async function stopsWell(docker: Docker, id: string): Promise<void> {
  await docker("stop", id);
  assert.equal((await docker("inspect", "--format", "{{.State.ExitCode}}", id)).trim(), "0");
}

async function buildSmallImage(scope: Scope, docker: Docker, tag: string): Promise<void> {
  const context = await scope.folder("context");
  await writeBuildContext(context);
  await docker("build", "--tag", tag, context);
}

async function registry2File(scope: Scope, port: number): Promise<string> {
  const folder = await scope.folder("registry2");
  await chmod(folder, 0o755);
  const file = join(folder, "config.yml");
  const lines = [
    "version: 0.1",
    "storage:",
    "  filesystem:",
    "    rootdirectory: /var/lib/registry",
    "http:",
    `  addr: :${port}`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}
