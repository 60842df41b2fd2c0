import { strict as assert } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { runCommand } from "../support/command.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { soundLayout } from "../support/disk-layout.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { faultSeconds, faultSeed } from "../support/fault-settings.js";
import { PushingClient } from "../support/pushing-client.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";

const clients = 4;
const cachedTags = Array.from({ length: 30 }, (_, number) => `v${number}`);
/** A clear trend shows in four parts; the first warms up. */
const parts = 4;

interface Usage {
  /** Bytes in memory. */
  readonly memory: number;
  readonly descriptors: number;
  /** Bytes of the data directory. */
  readonly disk: number;
  /** Blobs and manifests that clients may pull: they delete less than they push. */
  readonly needed: number;
}

test("under mixed load and collections, memory, descriptors and disk stay flat", async (t) => {
  t.diagnostic(`seed ${faultSeed}`);
  const scope = new Scope(t);
  const hub = await FakeUpstream.start(scope);
  for (const tag of cachedTags) hub.store.addImage("library/tool", [seededBytes(`layer ${tag}`, 200_000)], tag);
  const berth = await startBerth(scope, {
    mode: "hybrid",
    private: { repositories: ["team/**", "other"] },
    proxy: { maxSize: "2MiB", upstreams: [{ name: "docker.io", url: hub.url, tagTtl: "0s" }] },
    maintenance: { gc: { every: "1s", grace: "0s", claim: "10s", trash: "0s", share: 1 }, fsck: { every: "5s" } },
    log: { access: false },
  });
  const pushing = Array.from(
    { length: clients },
    (_, id) => new PushingClient(berth.client, `client-${id}`, seededRandom(faultSeed + id)),
  );
  const seconds = faultSeconds(40);
  const over = AbortSignal.timeout(seconds * 1_000);
  const work = Promise.all([
    ...pushing.map((client) => client.work(over)),
    pullCached(berth.client, seededRandom(faultSeed), over),
  ]);
  const usages: Usage[] = [];
  for (let part = 0; part < parts; part++) {
    await Promise.race([delay((seconds * 1_000) / parts), work]);
    const needed = new Set(pushing.flatMap((client) => client.needed)).size;
    usages.push({ ...(await usageOf(berth)), needed });
  }
  await work;
  for (const client of pushing) await client.pullAll();
  await soundLayout(berth.root);
  const collections = berth.daemon.output.split("garbage collected").length - 1;
  const checks = berth.daemon.output.split("stored content checked").length - 1;
  t.diagnostic(`${collections} collections, ${checks} checks; ${JSON.stringify(usages)}`);
  assert.ok(collections > seconds / 8 && checks > 0, `${collections} collections, ${checks} checks`);
  assert.doesNotMatch(berth.daemon.output, /fsck: /, "a sound storage is never called damaged");
  const [, early, , late] = usages;
  assert.ok(early !== undefined && late !== undefined);
  assert.ok(late.memory < early.memory * 1.35 + 20e6, `memory grows: ${JSON.stringify(usages)}`);
  assert.ok(late.descriptors <= early.descriptors + 20, `descriptors grow: ${JSON.stringify(usages)}`);
  const grown = late.needed / early.needed;
  assert.ok(late.disk < early.disk * grown * 1.5 + 5e6, `the disk fills: ${JSON.stringify(usages)}`);
});

async function pullCached(client: RegistryClient, random: () => number, over: AbortSignal): Promise<void> {
  while (!over.aborted)
    await pullWhole(client, "library/tool", cachedTags[wholeNumber(random, 0, cachedTags.length)] ?? "v0");
}

async function usageOf({ daemon, root }: BerthProcess): Promise<Omit<Usage, "needed">> {
  const status = await readFile(`/proc/${daemon.pid}/status`, "utf8");
  const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
  const descriptors = (await readdir(`/proc/${daemon.pid}/fd`)).length;
  const said = await runCommand("du", ["-sb", root]).catch((error) => String(error));
  return { memory, descriptors, disk: Number(/^(\d+)/.exec(said)?.[1] ?? 0) };
}
