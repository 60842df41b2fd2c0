import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type BerthOptions, type BerthProcess, startBerth } from "../support/berth-process.js";
import { pullWhole, pushManifest, seededBytes } from "../support/content.js";
import { soundLayout } from "../support/disk-layout.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { faultSeconds, faultSeed } from "../support/fault-settings.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { pushBlobsOf, smallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const clients = 4;
const cachedTags = Array.from({ length: 20 }, (_, number) => `v${number}`);

/** What the policy of `team/builds` keeps; of the releases it keeps all. */
const newestBuilds = 5;

/**
 * Garbage is collected, policies are applied and the cache is evicted all the time. The claim is longer than a push
 * lasts on a busy machine, from its first blob to its manifest.
 */
function settings(hub: FakeUpstream): BerthOptions {
  return {
    mode: "hybrid",
    private: { repositories: ["team/**"] },
    proxy: { maxSize: "1MiB", upstreams: [{ name: "docker.io", url: hub.url }] },
    maintenance: { gc: { every: "1s", grace: "0s", claim: "5s", trash: "2s", share: 1 } },
    retention: {
      every: "1s",
      policies: [
        {
          name: "builds",
          repositories: ["team/builds"],
          keep: [{ tags: ["release-*"] }, { tags: ["build-*"], newest: newestBuilds }],
        },
      ],
    },
    log: { access: false },
  };
}

/** What one client was told: the text of the image of each of its tags. */
class Acknowledged {
  readonly tags = new Map<string, string>();
  /** Whose request was not answered: it may have either text, or none. */
  unsure: string | undefined;
}

/** What was acknowledged to the client that pushes builds, in order. */
interface Builds {
  /** How many were begun. */
  begun: number;
  readonly pushed: string[];
  readonly releases: string[];
}

test("kill -9 at any moment of pushes, tag moves, deletions, pulls through the cache, collections, retention and evictions", async (t) => {
  t.diagnostic(`seed ${faultSeed}`);
  const scope = new Scope(t);
  const random = seededRandom(faultSeed);
  const hub = await FakeUpstream.start(scope);
  for (const tag of cachedTags) hub.store.addImage("library/tool", [seededBytes(`layer ${tag}`, 150_000)], tag);
  const told = Array.from({ length: clients }, () => new Acknowledged());
  const builds: Builds = { begun: 0, pushed: [], releases: [] };
  let berth = await startBerth(scope, settings(hub));
  await acceptPolicy(berth);
  const endMs = Date.now() + faultSeconds(25) * 1_000;
  let [kills, images] = [0, 0];
  while (Date.now() < endMs) {
    const over = new AbortController();
    const work = [
      ...told.map((acknowledged, id) =>
        changeImages(berth.client, `c${id}`, { acknowledged, random, over: over.signal }),
      ),
      pushBuilds(berth.client, builds, over.signal),
      pullCached(berth.client, random, over.signal),
    ];
    await delay(wholeNumber(random, 300, 2_500));
    await berth.daemon.kill();
    over.abort();
    await Promise.all(work);
    kills++;
    images = await compare(berth, told, builds);
    berth = await startBerth(scope, { ...settings(hub), root: berth.root, port: berth.port });
    await pullAll(berth.client, told);
    for (const acknowledged of told) forgetUnsure(acknowledged);
  }
  for (const tag of cachedTags) await pullWhole(berth.client, "library/tool", tag);
  await waitUntil("only what the policy keeps is left", async () => {
    const answer = await berth.client.get("/v2/team/builds/tags/list");
    const tags: string[] = JSON.parse(answer.body.toString()).tags;
    return tags.filter((tag) => tag.startsWith("build-")).length <= newestBuilds || undefined;
  });
  const tags = builds.pushed.length + builds.releases.length;
  t.diagnostic(`${kills} kills; ${images} private images at the end, and ${tags} tags pushed under a policy`);
  assert.ok(kills > 2 && images > 0, `${kills} kills, ${images} images: nothing was shown`);
});

/** The next life must not expect what that tag was before: its move or deletion may have been done without an answer. */
function forgetUnsure(acknowledged: Acknowledged): void {
  if (acknowledged.unsure !== undefined) acknowledged.tags.delete(acknowledged.unsure);
  acknowledged.unsure = undefined;
}

interface Changing {
  readonly acknowledged: Acknowledged;
  readonly random: () => number;
  readonly over: AbortSignal;
}

/** Pushes, moves and deletes tags of its own until the registry dies. */
async function changeImages(
  client: RegistryClient,
  id: string,
  { acknowledged, random, over }: Changing,
): Promise<void> {
  try {
    while (!over.aborted) {
      const tag = `${id}-${wholeNumber(random, 0, 4)}`;
      acknowledged.unsure = tag;
      if (random() < 0.25) await deleteImage(client, tag, acknowledged);
      else await pushImage(client, tag, `${id} ${wholeNumber(random, 0, 12)}`, acknowledged);
      acknowledged.unsure = undefined;
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    // The connection breaks a moment before the test knows that the process is dead.
    await waitUntil(`the kill that explains ${error}`, () => over.aborted || undefined);
  }
}

async function pushImage(client: RegistryClient, tag: string, text: string, { tags }: Acknowledged): Promise<void> {
  await pushBlobsOf(client, "team/app", text);
  await pushManifest(client, "team/app", smallImage(text), tag);
  tags.set(tag, text);
}

/** Texts are a client's own, so no other client's tag points to the manifest. */
async function deleteImage(client: RegistryClient, tag: string, { tags }: Acknowledged): Promise<void> {
  const answer = await client.request("DELETE", `/v2/team/app/manifests/${tag}`);
  assert.ok([202, 404].includes(answer.status), `DELETE of ${tag}: ${answer.status}`);
  tags.delete(tag);
}

/** A new policy asks before it removes much, until a run has ended in which it matched something. */
async function acceptPolicy({ client, root }: BerthProcess): Promise<void> {
  await pushBlobsOf(client, "team/builds", "first");
  await pushManifest(client, "team/builds", smallImage("first"), "release-first");
  const applied = () => readdir(join(root, ".berth/retention/applied")).catch(() => []);
  await waitUntil("the policy is no longer new", async () => (await applied())[0]);
}

/** Every third build is a release; tags that the policy deletes were pushed long before. */
async function pushBuilds(client: RegistryClient, builds: Builds, over: AbortSignal): Promise<void> {
  try {
    while (!over.aborted) {
      // What was not answered gets another name, so that the order of the pushes is known.
      const number = ++builds.begun;
      const isRelease = number % 3 === 0;
      const tag = `${isRelease ? "release" : "build"}-${number}`;
      await pushBlobsOf(client, "team/builds", `build ${number}`);
      await pushManifest(client, "team/builds", smallImage(`build ${number}`), tag);
      (isRelease ? builds.releases : builds.pushed).push(tag);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}

async function pullCached(client: RegistryClient, random: () => number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const tag = cachedTags[wholeNumber(random, 0, cachedTags.length)] ?? "v0";
    try {
      await pullWhole(client, "library/tool", tag);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await delay(20);
    }
  }
}

/** What lies on the disk is what was told. @returns the number of private images */
async function compare(
  { root, daemon }: BerthProcess,
  told: readonly Acknowledged[],
  { pushed, releases }: Builds,
): Promise<number> {
  const { images } = await soundLayout(root);
  // The last build may have been stored without an answer, and is then one of the newest.
  for (const tag of [...releases, ...pushed.slice(-newestBuilds + 1)])
    assert.ok(images[`team/builds:${tag}`], `${tag} is gone, or not whole\n${daemon.output.slice(-2_000)}`);
  for (const { tags, unsure } of told)
    for (const [tag, text] of tags)
      if (tag !== unsure)
        assert.equal(
          images[`team/app:${tag}`],
          smallImage(text).descriptor.digest,
          `${tag}\n${daemon.output.slice(-2_000)}`,
        );
  return Object.keys(images).filter((image) => image.startsWith("team/app:")).length;
}

async function pullAll(client: RegistryClient, told: readonly Acknowledged[]): Promise<void> {
  for (const { tags, unsure } of told)
    for (const tag of tags.keys()) if (tag !== unsure) await pullWhole(client, "team/app", tag);
}
