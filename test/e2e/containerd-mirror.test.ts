import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { installClientFile } from "../support/client-file.js";
import { type Ctr, startContainerd } from "../support/containerd.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { Scope } from "../support/scope.js";

/** The line to uncomment in hosts.toml so that containerd asks only Berth. */
const closing = { "# server =": "server =" };

const registries = [
  { file: "docker.io", image: "docker.io/library/tool:latest" },
  { file: "_default", image: "ghcr.io/owner/tool:latest" },
];

for (const { file, image } of registries) {
  test(`containerd pulls ${image} through certs.d/${file}/hosts.toml`, async (t) => {
    const scope = new Scope(t);
    const mirror = await Mirror.start(scope);
    const hosts = await scope.folder("certs.d");
    await install(hosts, file, mirror);
    const ctr = await startContainerd(scope, mirror.clientEnvironment);
    await pullInEveryState(t, mirror, async () => {
      await forgetAll(ctr);
      await pull(ctr, hosts, image);
      assert.ok((await ctr("images", "ls", `name==${image}`)).includes(mirror.layout.index.digest));
    });
  });
}

test("containerd asks the original registry for what Berth does not have, or while it is down, unless hosts.toml names Berth as the server", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const ctr = await startContainerd(scope, mirror.clientEnvironment);
  const [open, closed] = [await scope.folder("open"), await scope.folder("closed")];
  for (const { file } of registries) {
    await install(open, file, mirror);
    await install(closed, file, mirror, closing);
  }
  const absent = { "docker.io/library/nothing:latest": "registry-1.docker.io", "quay.io/owner/tool:latest": "quay.io" };
  for (const [image, registry] of Object.entries(absent)) {
    await assert.rejects(pull(ctr, open, image));
    assert.deepEqual(mirror.takeAskedElsewhere(), [`CONNECT ${registry}:443`]);
    await assert.rejects(pull(ctr, closed, image), /not found/);
    assert.deepEqual(mirror.takeAskedElsewhere(), []);
  }
  const present = "ghcr.io/owner/tool:latest";
  await pull(ctr, closed, present);
  await mirror.stop();
  await assert.rejects(pull(ctr, closed, present));
  assert.deepEqual(mirror.takeAskedElsewhere(), []);
  await assert.rejects(pull(ctr, open, present));
  assert.deepEqual(mirror.takeAskedElsewhere(), ["CONNECT ghcr.io:443"]);
});

async function install(hosts: string, file: string, { host }: Mirror, changes = {}): Promise<void> {
  const name = `containerd-certs.d/${file}/hosts.toml`;
  await installClientFile({ name, path: join(hosts, file, "hosts.toml"), host, changes });
}

function pull(ctr: Ctr, hosts: string, image: string): Promise<string> {
  return ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", image);
}

/** Content is deleted with the last image that references it. */
async function forgetAll(ctr: Ctr): Promise<void> {
  const images = (await ctr("images", "ls", "--quiet")).trim();
  if (images !== "") await ctr("images", "rm", "--sync", ...images.split("\n"));
  assert.equal(await ctr("content", "ls", "--quiet"), "");
}
