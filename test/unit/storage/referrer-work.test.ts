import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import type { ReferrersQuery } from "../../../src/oci/listing.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { referrerDescriptor } from "../../../src/storage/content/referrer-descriptor.js";
import { listReferrers } from "../../../src/storage/content/referrer-list.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { type ManifestToPush, manifestOf } from "../../support/content.js";
import { countCalls } from "../../support/counted-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";

const name = parseRepositoryName("team/app");
const subject = digestOf(Buffer.from("subject"));
const type = "application/vnd.example.signature";

function counting() {
  const counted = countCalls(new MemoryDriver());
  /** As after a restart. */
  const restarted = () => new Storage(counted.driver, 2, new RecordedLog());
  /** The keys of manifests, and of records, that were read since the last call. */
  const read = () => {
    const keys = counted.look().read;
    return {
      manifests: keys.filter((key) => key.endsWith("/data")),
      records: keys.filter((key) => key.includes("/_referrers/")),
    };
  };
  return { restarted, read };
}

test("a manifest that a fallback index lists many times is read once, and never again", async () => {
  const { restarted, read } = counting();
  const storage = restarted();
  const child = referrer("large", "x".repeat(1_000_000));
  await storage.manifests.put(name, child);
  await tagFallback(
    storage,
    Array.from({ length: 200 }, () => child),
  );
  await listAll(storage);
  read();
  const other = restarted();
  assert.deepEqual(await listAll(other), [child.descriptor.digest]);
  assert.ok(!read().manifests.includes(layout.blob(child.descriptor.digest)), "it was recorded, as any referrer is");
});

test("an entry of a fallback index that refers to something else is read once as long as Berth runs", async () => {
  const { restarted, read } = counting();
  const storage = restarted();
  const strangers = ["one", "other"].map((text) =>
    manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], annotations: { text } }),
  );
  for (const stranger of strangers) await storage.manifests.put(name, stranger);
  await tagFallback(storage, [...strangers, ...strangers]);
  const isStranger = (key: string) => strangers.some(({ descriptor }) => key === layout.blob(descriptor.digest));
  assert.deepEqual(await listAll(storage), []);
  assert.equal(read().manifests.filter(isStranger).length, 2);
  assert.deepEqual(await listAll(storage), []);
  assert.deepEqual(read().manifests, []);
});

test("no response reads more than a page, whatever the filter leaves of it, and Links lead through all", async () => {
  const { restarted, read } = counting();
  const pushing = restarted();
  const all = Array.from({ length: 2_500 }, (_, index) => referrer(String(index)));
  for (const manifest of all) await push(pushing, manifest);
  const storage = restarted();
  for (const query of [{ artifactType: "application/vnd.example.other" }, {}]) {
    read();
    let pages = 0;
    for (let last: Digest | undefined, more = true; more; pages++) {
      const page = await listReferrers(storage, name, subject, { ...query, ...(last !== undefined && { last }) });
      const { manifests, records } = read();
      assert.deepEqual(manifests, []);
      assert.ok(records.length <= 1_000, `${records.length} records`);
      more = page.more;
      last = page.last ?? page.items.at(-1)?.digest;
    }
    assert.equal(pages, 3);
  }
  assert.deepEqual(await listAll(storage), all.map(({ descriptor }) => descriptor.digest).sort());
  assert.deepEqual(read(), { manifests: [], records: [] });
});

test("large manifests of a fallback index are listed in pages that each read few of them", async () => {
  const { restarted, read } = counting();
  const storage = restarted();
  const children = Array.from({ length: 12 }, (_, index) => referrer(String(index), "x".repeat(3_000_000)));
  for (const child of children) await storage.manifests.put(name, child);
  await tagFallback(storage, children);
  await storage.referrers.noteWhole(name);
  read();
  await listReferrers(restarted(), name, subject, { artifactType: "application/vnd.example.other" });
  assert.ok(read().manifests.length <= 8);
  assert.deepEqual(await listAll(restarted()), children.map(({ descriptor }) => descriptor.digest).sort());
});

test("a repository without records has them rebuilt from its manifests, once for all callers", async () => {
  const { restarted, read } = counting();
  const pushing = restarted();
  const all = Array.from({ length: 5 }, (_, index) => referrer(String(index)));
  for (const manifest of all) await push(pushing, manifest);
  await pushing.driver.remove(layout.allReferrers(name));
  const storage = restarted();
  read();
  const expected = all.map(({ descriptor }) => descriptor.digest).sort();
  assert.deepEqual(await Promise.all([listAll(storage), listAll(storage)]), [expected, expected]);
  assert.equal(read().manifests.length, 5);
  assert.deepEqual(await listAll(restarted()), expected);
  assert.deepEqual(read().manifests, []);
});

test("a repository without referrers is walked once, and one that does not exist leaves nothing behind", async () => {
  const { restarted, read } = counting();
  const storage = restarted();
  await storage.manifests.put(name, manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [] }));
  read();
  assert.deepEqual(await listAll(storage), []);
  assert.equal(read().manifests.length, 1);
  assert.deepEqual(await listAll(restarted()), []);
  assert.deepEqual(read().manifests, []);
  const absent = parseRepositoryName("not/there");
  await listReferrers(storage, absent, subject, {});
  assert.deepEqual(await storage.driver.list(layout.repository(absent)), []);
});

function referrer(number: string, padding = ""): ManifestToPush {
  const { descriptor, bytes } = manifestOf({
    mediaType: mediaTypes.ociIndex,
    artifactType: type,
    manifests: [],
    subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 7 },
    annotations: { number, padding },
  });
  return { descriptor, bytes };
}

async function push(storage: Storage, manifest: ManifestToPush): Promise<void> {
  await storage.manifests.put(name, manifest);
  await storage.referrers.put(name, subject, referrerDescriptor(manifest, { artifactType: type, annotations: {} }));
}

async function tagFallback(storage: Storage, children: readonly ManifestToPush[]): Promise<void> {
  const manifests = children.map(({ descriptor }) => descriptor);
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests });
  await storage.manifests.put(name, index);
  await storage.tags.put(name, parseTag(subject.replace(":", "-")), index.descriptor.digest);
}

async function listAll(storage: Storage, query: ReferrersQuery = {}): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (let last: Digest | undefined, more = true; more; ) {
    const page = await listReferrers(storage, name, subject, { ...query, ...(last !== undefined && { last }) });
    digests.push(...page.items.map(({ digest }) => digest));
    more = page.more;
    last = page.last ?? digests.at(-1);
  }
  return digests;
}
