import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Digest } from "../../src/oci/digest.js";
import { type CommandResult, tryCommand } from "./command.js";
import { listTags, pullManifest, pullWhole } from "./content.js";
import { FakeStore } from "./object-stores/fake-store.js";
import type { RegistryClient } from "./registry-client.js";
import { runBerthOnDisk } from "./running-berth.js";
import { Scope } from "./scope.js";
import { pushSmallImage } from "./small-image.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const keys = { accessKeyId: "berth-tests", secretAccessKey: "berth-tests-secret" };

/** A registry on a disk that serves, a bucket, another folder, and a settings file for each. */
export async function prepareCopy(t: ConstructorParameters<typeof Scope>[0]) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const { client, root } = await runBerthOnDisk(scope);
  const [folder, other] = [await scope.folder("settings"), await scope.folder("other")];
  const s3 = { bucket: "images", region: "us-east-1", endpoint: store.endpoint, prefix: "/own", ...keys };
  const storages = {
    "disk.yml": { filesystem: { root } },
    "other.yml": { filesystem: { root: other } },
    "bucket.yml": { driver: "s3", s3: { ...s3, staging: await scope.folder("staging") } },
  };
  for (const [file, storage] of Object.entries(storages))
    await writeFile(join(folder, file), JSON.stringify({ storage }));
  const args = (from: string, to: string) => [main, "storage", "copy", "--from", from, "--to", to];
  const copy = (from: string, to: string, ...more: readonly string[]): Promise<CommandResult> =>
    tryCommand(process.execPath, [...args(from, to), ...more], { cwd: folder });
  const start = (from: string, to: string): ChildProcess =>
    spawn(process.execPath, args(from, to), { cwd: folder, stdio: "ignore" });
  return { scope, store, client, root, other, copy, start };
}

/** @param text of its layer */
export async function pushImage(client: RegistryClient, name: string, tag: string, text = tag): Promise<Digest> {
  return (await pushSmallImage(client, name, `${name} ${text}`, { tag })).descriptor.digest;
}

/** Whether another registry has the same repositories, tags and images, and all of them whole. */
export async function compareContent(one: RegistryClient, other: RegistryClient): Promise<void> {
  const names = await repositoriesOf(one);
  assert.deepEqual(await repositoriesOf(other), names);
  for (const name of names) {
    const tags = await listTags(one, name);
    assert.deepEqual(await listTags(other, name), tags);
    for (const tag of tags) {
      assert.equal((await pullManifest(other, name, tag)).digest, (await pullManifest(one, name, tag)).digest);
      await pullWhole(other, name, tag);
    }
  }
}

/** Repositories in a bucket that have the tag v1. */
export function taggedIn(store: FakeStore): string[] {
  return store.keys().flatMap((key) => /repositories\/(.+)\/_manifests\/tags\/v1\/current\/link$/.exec(key)?.[1] ?? []);
}

async function repositoriesOf(client: RegistryClient): Promise<readonly string[]> {
  const { repositories } = JSON.parse((await client.get("/v2/_catalog?n=1000")).body.toString());
  return repositories;
}
