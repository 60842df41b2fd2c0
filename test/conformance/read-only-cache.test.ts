import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Digest, parseDigest } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { runConformanceSuite } from "../support/conformance-suite.js";
import { listTags, pullBlob, pullManifest } from "../support/content.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { type ReadOnlyContent, type ReadOnlyReport, runReadOnlySuite } from "../support/read-only-suite.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

/** The repositories of the suite's content. */
const name = "conformance/repo1";

/** Not run, because nothing is pushed or deleted; everything else is. */
const notRun = [
  "invalid-digest-format/delete/blob-delete",
  "invalid-digest-format/delete/manifest-delete",
  "invalid-digest-format/manifest-put",
  "read-only/delete/blob-delete",
  "read-only/delete/manifest-delete",
  "read-only/push/manifest-by-digest",
  "read-only/push/manifest-by-tag",
  "sha256 blobs",
  "sha512 blobs",
];

test("a cache passes the official suite's read-only profile with all content of the suite", async (t) => {
  const scope = new Scope(t);
  const { upstream, content } = await startFilledUpstream(scope);
  const cache = await startBerth(scope, { cacheOf: `http://${upstream.host}` });

  for (const state of ["cold", "warm"]) {
    await t.test(state, async (t) => expectAllPassed(t, await runReadOnlySuite(scope, cache.host, content)));
  }

  await t.test("which ignores bytes: they are identical, and available when the upstream is gone", async () => {
    const { tags, manifests, blobs } = content;
    const expected = await Promise.all(manifests.map((digest) => pullManifest(upstream.client, name, digest)));
    await upstream.daemon.stop();
    const found = await Promise.all(manifests.map((digest) => pullManifest(cache.client, name, digest)));
    assert.deepEqual(found, expected);
    for (const tag of tags) assert.ok(manifests.includes((await pullManifest(cache.client, name, tag)).digest));
    for (const digest of blobs) await pullBlob(cache.client, name, digest);
    assert.ok([...manifests, ...blobs].some((digest) => digest.startsWith("sha512:")));
  });
});

test("a cache for users passes the same profile with Basic, for a user who may pull and make it fetch", async (t) => {
  const scope = new Scope(t);
  const rules = [
    { allow: ["pull", "cache"], to: "ann" },
    { allow: "pull", to: "bob" },
  ];
  const { run, challenge } = await startGuardedCache(scope, rules);
  assert.match(challenge, /^Basic /);
  await t.test("cold", async (t) => expectAllPassed(t, await run("ann")));
  await t.test("warm", async (t) => expectAllPassed(t, await run("ann")));
  await t.test(
    "and for one who may only pull but for what is not here, which is refused, since it may be there",
    async () => {
      const { failed, skipped } = await run("bob");
      const names = ["missing-manifest/by-digest", "missing-manifest/by-tag"];
      assert.deepEqual({ failed: failed.map(nameOf).sort(), skipped }, { failed: names, skipped: [] });
      for (const line of failed) assert.match(line, /expected one of \[404\], received 403/);
    },
  );
});

test("a cache for everyone passes the same profile with Bearer, without a login and with one", async (t) => {
  const { run, challenge } = await startGuardedCache(new Scope(t), [{ allow: ["pull", "cache"], to: "everyone" }]);
  assert.match(challenge, /^Bearer /);
  await t.test("cold, without a login", async (t) => expectAllPassed(t, await run()));
  await t.test("warm, with one", async (t) => expectAllPassed(t, await run("ann")));
});

async function startGuardedCache(scope: Scope, rules: readonly object[]) {
  const { upstream, content } = await startFilledUpstream(scope);
  const htpasswd = await htpasswdFile(scope, { ann: "ann", bob: "bob" });
  const access = { users: { htpasswd }, rules };
  const { host, client } = await startBerth(scope, { cacheOf: `http://${upstream.host}`, access });
  const challenge = String((await client.get("/v2/")).headers["www-authenticate"]);
  const run = (user?: string) =>
    runReadOnlySuite(scope, host, content, user === undefined ? undefined : { user, password: user });
  return { run, challenge };
}

async function startFilledUpstream(scope: Scope) {
  const upstream = await startBerth(scope, { private: { sparse: true } });
  await runConformanceSuite(scope, upstream.host, { version: "dev", sparse: true, keepsContent: true });
  return { upstream, content: await contentOf(upstream.root, upstream.client) };
}

function expectAllPassed(t: TestContext, { passed, failed, skipped, disabled }: ReadOnlyReport): void {
  t.diagnostic(
    `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped, ${disabled.length} disabled`,
  );
  assert.deepEqual({ failed, skipped }, { failed: [], skipped: [] });
  assert.deepEqual([...new Set(disabled.map(nameOf))].sort(), notRun);
  assert.ok(passed.length > 300, "the suite has become too short to be believed");
}

function nameOf(line: string): string {
  return /^name="?([^"]+?)"? error=/.exec(line)?.[1] ?? line;
}

/** Everything that the suite pushed, under each digest. */
async function contentOf(root: string, client: RegistryClient): Promise<ReadOnlyContent> {
  const repository = join(root, "docker/registry/v2/repositories", name);
  const manifests = await digestsBelow(join(repository, "_manifests/revisions"));
  const subjects = new Set<string>();
  for (const digest of manifests) {
    const { subject } = JSON.parse((await pullManifest(client, name, digest)).bytes.toString());
    if (subject) subjects.add(subject.digest);
  }
  const blobs = await digestsBelow(join(repository, "_layers"));
  return { tags: await listTags(client, name), manifests, blobs, subjects: [...subjects] };
}

async function digestsBelow(folder: string): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (const algorithm of await readdir(folder)) {
    for (const hex of await readdir(join(folder, algorithm))) digests.push(parseDigest(`${algorithm}:${hex}`));
  }
  return digests;
}
