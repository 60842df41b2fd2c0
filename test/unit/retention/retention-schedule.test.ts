import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Schedule } from "../../../src/maintenance/schedule.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { Policies } from "../../../src/retention/policies.js";
import type { Retention } from "../../../src/retention/retention-run.js";
import { ScheduledRetention } from "../../../src/retention/scheduled-retention.js";
import { OwnChanges } from "../../../src/serving/own-changes.js";
import { retentionScheduleOf } from "../../../src/serving/retention.js";
import { layout } from "../../../src/storage/layout.js";
import { configWith } from "../../support/config.js";
import { Scope } from "../../support/scope.js";
import { storageOnDisk } from "../../support/storage.js";
import { waitUntil } from "../../support/wait-until.js";

const name = parseRepositoryName("team/app");
const digest = digestOf(Buffer.from("image"));

test("the schedule applies the policies when that is due, of several processes one does, and a stopped one does nothing", async (t) => {
  const { storage, log } = await storageOnDisk(new Scope(t));
  const by = { kind: "client", user: "ann" } as const;
  for (const tag of ["a", "b", "c", "d", "e"]) await storage.tags.put(name, parseTag(tag), digest, by);
  await storage.driver.write({ key: layout.revisionLink(name, digest), content: Buffer.from(digest) });
  const config = configWith({ retention: { policies: [{ name: "p", repositories: ["**"], keep: [{ newest: 4 }] }] } });
  const done: (Retention | undefined)[] = [];
  const schedule = (every: number) => {
    const retention = new ScheduledRetention(
      { policies: new Policies(config.retention.policies), share: 1 },
      {
        storage,
        log,
        observer: { retained: (retention) => done.push(retention) },
        openDeletion: (signal) => OwnChanges.open(config, "retention", { storage, log, signal }),
      },
    );
    return new Schedule(retention, { every });
  };
  const first = schedule(20);
  await waitUntil("the policies are applied", () => done[0]);
  await first.stop();
  assert.deepEqual(await storage.tags.list(name), ["b", "c", "d", "e"]);
  assert.equal(done[0]?.deleted, 1);
  const runs = done.length;
  // It was just done, whoever did it.
  const second = schedule(60 * 60_000);
  await second.stop();
  assert.equal(done.length, runs);
  assert.ok((await storage.retentions.lastMs()) !== undefined);
});

test("policies are applied where nobody counts that: without metrics", async (t) => {
  const scope = new Scope(t);
  const { storage, log } = await storageOnDisk(scope);
  const config = configWith({ retention: { every: "1s", policies: [{ name: "p", repositories: ["**"] }] } });
  const schedule = retentionScheduleOf(config, { storage, log });
  scope.defer(() => schedule.stop());
  await waitUntil("the policies are applied", () => storage.retentions.lastMs());
});
