import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import type { Actor } from "../../../src/oci/actor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName, type RepositoryName } from "../../../src/oci/repository-name.js";
import { Policies } from "../../../src/retention/policies.js";
import { planRepository } from "../../../src/retention/repository-plan.js";
import { applyRetention, planRetention, type RetentionSettings } from "../../../src/retention/retention-run.js";
import { OwnChanges } from "../../../src/serving/own-changes.js";
import { layout } from "../../../src/storage/layout.js";
import type { Storage } from "../../../src/storage/storage.js";
import { configWith } from "../../support/config.js";
import { privateRepository, putManifest } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { smallImage } from "../../support/small-image.js";
import { storageOnDisk } from "../../support/storage.js";

type Retention = NonNullable<Parameters<typeof configWith>[0]["retention"]>;

const ann: Actor = { kind: "client", user: "ann" };
const digest = digestOf(Buffer.from("image"));
const day = 24 * 60 * 60_000;

/** A storage in memory, with a function that applies policies to it as if so many days had passed. */
async function prepare(t: TestContext) {
  const { storage, log } = await storageOnDisk(new Scope(t));
  const tagsOf = async (name: RepositoryName) => storage.tags.list(name);
  const settingsOf = (policies: Retention["policies"], days: number, isConfirmed: boolean) => {
    const config = configWith({ retention: { policies: policies ?? [] } });
    const seen = { deleted: [] as string[], waits: [] as string[], problems: [] as string[] };
    const settings: RetentionSettings = {
      policies: new Policies(config.retention.policies),
      times: { nowMs: Date.now() + days * day, pullsSinceMs: 0 },
      isConfirmed,
      pace: async () => {},
      report: {
        planned: () => {},
        deleted: ({ name }, { tag }) => seen.deleted.push(`${name}:${tag}`),
        waits: ({ name }) => seen.waits.push(name),
        problem: (problem) => seen.problems.push(problem),
      },
    };
    return { config, settings, seen };
  };
  const apply = async (policies: Retention["policies"], { days = 0, yes = false } = {}) => {
    const { config, settings, seen } = settingsOf(policies, days, yes);
    await applyRetention(storage, settings, await OwnChanges.open(config, "retention", { storage, log }));
    return seen;
  };
  const plan = async (policies: Retention["policies"], days = 0) => {
    const { settings } = settingsOf(policies, days, false);
    return planRetention(storage, settings, () => true);
  };
  return { storage, log, tagsOf, apply, plan };
}

async function putTags(storage: Storage, name: RepositoryName, ...tags: readonly string[]): Promise<void> {
  for (const tag of tags) await storage.tags.put(name, parseTag(tag), digest, ann);
  // A repository is one if it holds manifests.
  await storage.driver.write({ key: layout.revisionLink(name, digest), content: Buffer.from(digest) });
}

const app = parseRepositoryName("team/app");
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `t${String(index).padStart(5, "0")}`);

test("among ten thousand tags, plan, explain and run agree", async (t) => {
  const { storage, tagsOf, apply, plan } = await prepare(t);
  await putTags(storage, app, "t00000");
  const links = numbered(10_000).map((tag) => ({
    key: layout.tagLink(app, parseTag(tag)),
    content: Buffer.from(digest),
    isTrace: true,
  }));
  await storage.driver.write(...links);
  const policies = [{ name: "ci", repositories: ["team/**"], keep: [{ newest: 9_000 }, { tags: ["t000*"] }] }];
  const planned = await plan(policies);
  assert.deepEqual([planned.tags, planned.deleted, planned.waiting], [10_000, 900, []]);
  const policy = new Policies(configWith({ retention: { policies } }).retention.policies).of(app);
  const explained = await planRepository(storage, app, policy, { nowMs: Date.now(), pullsSinceMs: 0 });
  const leaving = explained.leaving.map(({ tag }) => `${app}:${tag}`);
  const seen = await apply(policies);
  assert.deepEqual(seen.deleted, leaving);
  assert.equal(leaving.length, 900);
  assert.equal((await tagsOf(app)).length, 9_100);
  assert.deepEqual((await plan(policies)).deleted, 0);
});

test("a repository that no policy names keeps everything", async (t) => {
  const { storage, tagsOf, apply } = await prepare(t);
  const other = parseRepositoryName("other/app");
  await putTags(storage, other, "a", "b");
  await apply([{ name: "p", repositories: ["team/**"], keep: [{ tags: ["v*"] }] }], { yes: true, days: 900 });
  assert.deepEqual(await tagsOf(other), ["a", "b"]);
});

test("new policies that would remove more than a fifth of a repository wait for a yes, however often they run", async (t) => {
  const { storage, tagsOf, apply } = await prepare(t);
  const small = parseRepositoryName("team/small");
  await putTags(storage, app, ...numbered(10));
  await putTags(storage, small, ...numbered(10));
  const policies = [{ name: "p", repositories: ["team/**"], keep: [{ tags: ["t0000*"] }] }];
  await storage.tags.put(small, parseTag("extra"), digest, ann);
  const wipe = [{ name: "p", repositories: ["team/**"], keep: [{ tags: ["v*"] }, { tags: ["extra"] }] }];
  assert.deepEqual((await apply(policies)).deleted, [`${small}:extra`]);
  for (let round = 0; round < 2; round++) {
    const seen = await apply(wipe);
    assert.deepEqual([seen.deleted, seen.waits], [[], [app, small]]);
  }
  assert.equal((await apply(wipe, { yes: true })).deleted.length, 20);
  assert.deepEqual([await tagsOf(app), await tagsOf(small)], [[], []]);
});

test("once a policy has been applied, it removes from new repositories what it says", async (t) => {
  const { storage, apply } = await prepare(t);
  const policies = [{ name: "p", repositories: ["**"], keep: [{ newest: 1 }] }];
  await putTags(storage, app, "only");
  assert.deepEqual((await apply(policies)).deleted, []);
  const later = parseRepositoryName("team/later");
  await putTags(storage, later, "a", "b", "c");
  const seen = await apply(policies);
  assert.deepEqual([seen.deleted, seen.waits], [[`${later}:a`, `${later}:b`], []]);
});

test("a changed policy counts as new", async (t) => {
  const { storage, apply } = await prepare(t);
  await putTags(storage, app, "a", "b", "c");
  await apply([{ name: "p", repositories: ["**"], keep: [{ newest: 3 }] }]);
  const seen = await apply([{ name: "p", repositories: ["**"], keep: [{ newest: 1 }] }]);
  assert.deepEqual([seen.deleted, seen.waits], [[], [app]]);
});

test("a tag that is pushed while retention runs stays", async (t) => {
  const { storage, tagsOf } = await prepare(t);
  await putTags(storage, app, "a", "b");
  const config = configWith({
    retention: { policies: [{ name: "p", repositories: ["**"], keep: [{ tags: ["x"] }] }] },
  });
  const log = new RecordedLog();
  const changes = await OwnChanges.open(config, "retention", { storage, log });
  await applyRetention(
    storage,
    {
      policies: new Policies(config.retention.policies),
      times: { nowMs: Date.now() + 900 * day, pullsSinceMs: 0 },
      isConfirmed: true,
      pace: async () => {},
      report: { planned: () => {}, deleted: () => {}, waits: () => {}, problem: () => {} },
    },
    {
      context: changes.context,
      isPrivate: () => true,
      // After the decision, and before the first deletion.
      repository: async (name, action) => {
        await storage.tags.put(app, parseTag("b"), digest, ann);
        return changes.repository(name, action);
      },
    },
  );
  assert.deepEqual(await tagsOf(app), ["b"]);
});

test("of several tags of one image, those that are kept keep it, and nothing else of the image goes", async (t) => {
  const { storage, apply } = await prepare(t);
  const repository = privateRepository(storage, app, { sparse: true });
  const image = smallImage("layer");
  for (const tag of ["v1", "latest", "build-7"]) await putManifest(repository, image, parseTag(tag));
  const policies = [{ name: "p", repositories: ["**"], keep: [{ tags: ["v*"] }] }];
  assert.deepEqual((await apply(policies, { yes: true })).deleted, [`${app}:build-7`, `${app}:latest`]);
  assert.ok(await storage.manifests.has(app, image.descriptor.digest));
  assert.equal(await storage.tags.find(app, parseTag("v1")), image.descriptor.digest);
});

test("tags of signatures are neither counted nor deleted", async (t) => {
  const { storage, tagsOf, apply } = await prepare(t);
  const signature = `${digest.replace(":", "-")}.sig`;
  const index = digest.replace(":", "-");
  await putTags(storage, app, "v1", "v2", signature, index);
  const policies = [{ name: "p", repositories: ["**"], keep: [{ newest: 1 }] }];
  assert.deepEqual((await apply(policies, { yes: true })).deleted, [`${app}:v1`]);
  assert.deepEqual(await tagsOf(app), [index, signature, "v2"]);
});

test("cached repositories are left to the cache", async (t) => {
  const { storage, tagsOf, apply } = await prepare(t);
  await putTags(storage, app, "a", "b");
  await storage.owners.recordOwner(app, "docker.io");
  await apply([{ name: "p", repositories: ["**"], keep: [{ tags: ["x"] }] }], { yes: true });
  assert.deepEqual(await tagsOf(app), ["a", "b"]);
});

test("deletions by retention are in the history of the tag, which can be restored", async (t) => {
  const { storage, apply } = await prepare(t);
  await putTags(storage, app, "a", "b");
  await apply([{ name: "p", repositories: ["**"], keep: [{ newest: 1 }] }], { yes: true });
  const [last] = await storage.tags.history.changes(app, parseTag("a"));
  assert.deepEqual([last?.kind, last?.digest, last?.by], ["deleted", digest, { kind: "berth", task: "retention" }]);
});
