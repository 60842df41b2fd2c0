import { strict as assert } from "node:assert";
import { test } from "node:test";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { Mirror, pullInEveryState } from "../support/mirror.js";
import { Scope } from "../support/scope.js";

type Run = (name: string, ...args: string[]) => Promise<string>;

/** Clients without mirrors: they pull an image with all its platforms, and print its digest. */
const clients: Readonly<Record<string, (run: Run, image: string, host: string, folder: string) => Promise<string>>> = {
  crane: async (run, image, _host, folder) => {
    await run("crane", "pull", "--insecure", "--format=oci", image, folder);
    return run("crane", "digest", "--insecure", image);
  },
  oras: async (run, image, _host, folder) => {
    await run("oras", "copy", "--from-plain-http", "--to-oci-layout", image, `${folder}:latest`);
    return run("oras", "resolve", "--oci-layout", `${folder}:latest`);
  },
  regctl: async (run, image, host, folder) => {
    const plain = ["--host", `reg=${host},tls=disabled`];
    await run("regctl", ...plain, "image", "copy", image, `ocidir://${folder}:latest`);
    return run("regctl", "image", "digest", `ocidir://${folder}:latest`);
  },
};

for (const [client, pull] of Object.entries(clients)) {
  test(`${client} pulls by names that begin with Berth's address: from Docker Hub, and from another registry`, async (t) => {
    const scope = new Scope(t);
    const mirror = await Mirror.start(scope);
    const env = { ...(await clientHome(scope)), ...mirror.clientEnvironment };
    const run: Run = (name, ...args) => runCommand(name, args, { env });
    await pullInEveryState(t, mirror, async () => {
      for (const name of ["tool", "ghcr.io/owner/tool"]) {
        const digest = await pull(run, `${mirror.host}/${name}:latest`, mirror.host, await scope.folder("pulled"));
        assert.equal(digest.trim(), mirror.layout.index.digest);
      }
    });
  });
}

test("oras is told that referrers are unknown, not that there are none, if Berth never requested them", async (t) => {
  const scope = new Scope(t);
  const mirror = await Mirror.start(scope);
  const env = { ...(await clientHome(scope)), ...mirror.clientEnvironment };
  const copy = async (...options: string[]) => {
    const ends = [`${mirror.host}/tool:latest`, `${await scope.folder("pulled")}:latest`];
    await runCommand("oras", ["copy", ...options, "--from-plain-http", "--to-oci-layout", ...ends], { env });
  };
  await copy();
  await mirror.killUpstreams();
  await copy();
  await assert.rejects(copy("--recursive"), /the referrers of sha256:[0-9a-f]+ are unknown/);
});
