import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { runCommand } from "../support/command.js";
import { pullBlob, pullWhole, seededBytes } from "../support/content.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage, smallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const layer = seededBytes("layer", 1_000);

/** Pushes that change the disk in every way, each of which waits while it is frozen. */
const pushes: Record<string, (client: RegistryClient, session: string) => Promise<Answer>> = {
  "the start of an upload": (client) => client.request("POST", "/v2/team/app/blobs/uploads/"),
  "a chunk": (client, session) => client.request("PATCH", session, { body: layer }),
  "a blob at once": (client) =>
    client.request("POST", `/v2/team/app/blobs/uploads/?digest=${digestOf(layer)}`, { body: layer }),
  "a manifest": (client) => {
    const { bytes, descriptor } = smallImage("text", { annotations: { another: "one" } });
    const headers = { "content-type": descriptor.mediaType };
    return client.request("PUT", "/v2/team/app/manifests/other", { body: bytes, headers });
  },
  "the end of an upload": (client, session) => client.request("DELETE", session),
};

test("while a disk is frozen pushes wait for it, and no one else does", async (t) => {
  const scope = new Scope(t);
  const disk = await freezableDisk(scope);
  const { client } = await startBerth(scope, { root: join(disk, "data") });
  const image = await pushSmallImage(client, "team/app", "text", { tag: "v1" });
  await pullWhole(client, "team/app", "v1");
  for (const [what, push] of Object.entries(pushes)) {
    const session = await startUpload(client, "team/app");
    await runCommand("fsfreeze", ["-f", disk]);
    let isAnswered = false;
    const pushed = push(client, session).finally(() => {
      isAnswered = true;
    });
    try {
      assert.equal((await client.get("/healthz")).status, 200, what);
      assert.equal((await client.get(`/v2/team/app/manifests/${image.descriptor.digest}`)).status, 200, what);
      assert.equal((await client.get("/v2/team/app/tags/list")).status, 200, what);
      assert.equal(isAnswered, false, what);
    } finally {
      await runCommand("fsfreeze", ["-u", disk]);
    }
    const { status } = await pushed;
    assert.ok(status >= 200 && status < 300, `${what}: ${status}`);
  }
  await pullBlob(client, "team/app", digestOf(layer));
});

/** A file system in a file, since one that can be frozen has a journal. Needs root. */
async function freezableDisk(scope: Scope): Promise<string> {
  const [disk, images] = [await scope.folder("frozen"), await scope.folder("image")];
  const image = join(images, "disk");
  await runCommand("truncate", ["-s", "64M", image]);
  await runCommand("mkfs.ext4", ["-q", "-F", image]);
  await runCommand("mount", ["-o", "loop", image, disk]);
  scope.defer(() => runCommand("umount", ["--lazy", disk]));
  return disk;
}
