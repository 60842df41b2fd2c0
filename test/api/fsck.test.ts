import { strict as assert } from "node:assert";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Digest } from "../../src/oci/digest.js";
import { blobsIn } from "../support/berth-gc.js";
import { type CommandResult, tryCommand } from "../support/command.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { pushSmallImage } from "../support/small-image.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const images = 8;

interface PrivateImage {
  readonly name: string;
  readonly manifest: Digest;
  readonly needs: readonly Digest[];
}

/** A Berth that holds private images and cached ones, and the command line for its data. */
async function runBoth(scope: Scope) {
  const hub = await FakeUpstream.start(scope);
  const settings = {
    mode: "hybrid" as const,
    private: { repositories: ["team/**"] },
    proxy: { upstreams: [{ name: "docker.io", url: hub.url }] },
  };
  const { client, root } = await runBerthOnDisk(scope, settings);
  for (let number = 0; number < images; number++) {
    const layers = [seededBytes("shared by cached images", 2_000), seededBytes(`cached ${number}`, 300_000)];
    hub.store.addImage("library/tool", layers, `v${number}`);
    await pullWhole(client, "library/tool", `v${number}`);
  }
  const pushed: PrivateImage[] = [];
  for (let number = 0; number < images; number++) {
    const { descriptor } = await pushPrivate(client, number);
    const name = `v${number}`;
    pushed.push({
      name: `team/app:${name}`,
      manifest: descriptor.digest,
      needs: await pullWhole(client, "team/app", name),
    });
  }
  const cwd = await scope.folder("command");
  await writeFile(join(cwd, "berth.yml"), JSON.stringify({ ...settings, storage: { filesystem: { root } } }));
  const fsck = (...args: string[]): Promise<CommandResult> =>
    tryCommand(process.execPath, [main, "fsck", ...args], { cwd });
  return { hub, client, root, fsck, pushed };
}

function pushPrivate(client: RegistryClient, number: number) {
  const text = seededBytes(`private ${number}`, 30_000).toString("base64");
  return pushSmallImage(client, "team/app", text, { tag: `v${number}` });
}

/** Flips a bit of a blob, cuts it short or empties it. */
async function damage(root: string, digest: Digest, random: () => number): Promise<void> {
  const path = join(root, "docker/registry/v2/blobs/sha256", digest.slice(7, 9), digest.slice(7), "data");
  const bytes = await readFile(path);
  const kind = wholeNumber(random, 0, 3);
  if (kind === 0) await truncate(path, wholeNumber(random, 0, bytes.length));
  if (kind === 1) await truncate(path, 0);
  if (kind !== 2) return;
  const at = wholeNumber(random, 0, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << wholeNumber(random, 0, 8));
  await writeFile(path, bytes);
}

interface Report {
  readonly damaged: number;
  readonly findings: readonly {
    readonly flaw: string;
    readonly digest: Digest;
    readonly outcome: string;
    readonly holders: readonly { readonly name: string; readonly images: readonly string[] }[];
  }[];
}

for (const seed of [20_261_127]) {
  test(`damage at random is all found, cached images are healed, and private ones are named (seed ${seed})`, async (t) => {
    const { hub, client, root, fsck, pushed } = await runBoth(new Scope(t));
    const random = seededRandom(seed);
    const damaged = (await blobsIn(root)).filter(() => random() < 0.5);
    for (const digest of damaged) await damage(root, digest, random);

    const looked = await fsck("--json");
    assert.equal(looked.code, 1, looked.stderr);
    const seen: Report = JSON.parse(looked.stdout);
    const bytes = seen.findings.filter(({ flaw }) => flaw === "damaged bytes");
    assert.deepEqual(bytes.map(({ digest }) => digest).sort(), damaged);
    for (const { digest, holders } of bytes) {
      const needing = pushed.filter(({ needs }) => needs.includes(digest));
      // What a damaged manifest needs can hardly be known.
      const known = needing.filter(({ manifest }) => manifest === digest || !damaged.includes(manifest));
      const named = new Set(holders.filter(({ name }) => name === "team/app").flatMap((holder) => holder.images));
      for (const { name } of known) assert.ok(named.delete(name), `${name} needs ${digest}`);
      for (const name of named)
        assert.ok(
          needing.some((image) => image.name === name),
          `${name} needs no ${digest}`,
        );
    }

    const repaired: Report = JSON.parse((await fsck("--json", "--repair")).stdout);
    for (const { flaw, digest, outcome } of repaired.findings) {
      if (flaw !== "damaged bytes") continue;
      const isPrivate = pushed.some(({ needs }) => needs.includes(digest));
      assert.equal(outcome, isPrivate ? "set aside" : "fetched again", digest);
    }
    await hub.stop();
    for (let number = 0; number < images; number++) await pullWhole(client, "library/tool", `v${number}`);

    for (let number = 0; number < images; number++) await pushPrivate(client, number);
    const again = await fsck();
    assert.equal(again.code, 0, again.stdout);
    assert.match(again.stdout, /nothing is damaged/);
  });
}
