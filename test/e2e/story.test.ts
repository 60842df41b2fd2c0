import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { Daemon } from "../support/daemon.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { freePort } from "../support/free-port.js";
import { type PeerRegistry, startPeer } from "../support/peer-registry.js";
import { projectRoot } from "../support/project.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

const username = "your_username";
const password = "dckr_pat_0123";

test("whoever had to choose between a cache and a registry adds one line to the environment of registry:2", async (t) => {
  const scope = new Scope(t);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const hub = await startHub(scope, layout.folder);
  const host = `127.0.0.1:${await freePort()}`;
  const environment = {
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: await scope.folder("registry"),
    REGISTRY_PROXY_REMOTEURL: `http://${hub.host}`,
    REGISTRY_PROXY_USERNAME: username,
    REGISTRY_PROXY_PASSWORD: password,
    REGISTRY_DELETE_ENABLED: "true",
    REGISTRY_STORAGE_DELETE_ENABLED: "true",
    // Everything else is as written; two tests cannot have port 5000 at once.
    REGISTRY_HTTP_ADDR: host,
  };
  const docker = await startDocker(scope, {}, [`--registry-mirror=http://${host}`]);
  const image = `${host}/my_custom_image`;

  const cache = await startBerth(scope, host, environment);
  await t.test("docker pulls through it, with the account of the environment", async () => {
    assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  });
  await t.test("docker push gets a sentence that says what to do", async () => {
    await docker("tag", "tool", image);
    await assert.rejects(docker("push", image), /nothing can be pushed to it; set mode: private .* or mode: hybrid/);
  });
  await cache.stop();

  await startBerth(scope, host, { ...environment, BERTH_MODE: "hybrid" });
  await t.test("with BERTH_MODE=hybrid the push works, and the image can be pulled again", async () => {
    const pushed = digestIn(await docker("push", image));
    await docker("image", "rm", "--force", image, "tool");
    assert.equal(digestIn(await docker("pull", image)), pushed);
  });
  await t.test("and the cache remains, with Docker Hub down", async () => {
    await hub.daemon.stop();
    await docker("image", "prune", "--all", "--force");
    assert.equal(digestIn(await docker("pull", "tool")), layout.index.digest);
  });
});

/** A registry with library/tool for logged-in users. */
async function startHub(scope: Scope, layout: string): Promise<PeerRegistry> {
  const root = await scope.folder("hub");
  const open = await startPeer(scope, "registry 2.8.2", root);
  const copy = ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", `oci:${layout}:index`];
  await runCommand("skopeo", [...copy, `docker://${open.host}/library/tool:latest`]);
  await open.daemon.stop();
  const path = join(await scope.folder("htpasswd"), "htpasswd");
  await writeFile(path, await runCommand("htpasswd", ["-Bbn", username, password]));
  return startPeer(scope, "registry 2.8.2", root, { htpasswd: { realm: "hub", path } });
}

/** Only variables configure it. */
async function startBerth(scope: Scope, host: string, environment: Readonly<Record<string, string>>): Promise<Daemon> {
  const daemon = new Daemon(scope, process.execPath, [join(projectRoot, "dist/main.js"), "serve"], environment);
  const client = new RegistryClient(`http://${host}`);
  await daemon.ready(async () => {
    const answer = await client.get("/v2/").catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return daemon;
}
