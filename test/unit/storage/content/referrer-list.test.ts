import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { type Digest, digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-types.js";
import { parseTag } from "../../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { listReferrers } from "../../../../src/storage/content/referrer-list.js";
import { layout } from "../../../../src/storage/layout.js";
import type { Storage } from "../../../../src/storage/storage.js";
import { type ManifestToPush, manifestOf } from "../../../support/content.js";
import { Scope } from "../../../support/scope.js";
import { SecondProcess } from "../../../support/second-process.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";

const name = parseRepositoryName("team/app");
const subject = digestOf(Buffer.from("subject"));
const fallbackTag = parseTag(subject.replace(":", "-"));

test("a record whose manifest was collected by another program is skipped", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [stays, goes] = [referrer("stays"), referrer("goes")];
  for (const manifest of [stays, goes]) await push(storage, manifest);
  await storage.driver.remove(layout.revision(name, goes.descriptor.digest));
  assert.deepEqual(await digestsOf(storage), [stays.descriptor.digest]);
});

test("a record of another process is listed at once", async (t) => {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  const process = await SecondProcess.start(scope, root);
  const [ours, theirs] = [referrer("ours"), referrer("theirs")];
  await push(storage, ours);
  await digestsOf(storage);
  await storage.manifests.put(name, theirs);
  const { digest } = theirs.descriptor;
  await process.write(layout.referrer(name, subject, digest), JSON.stringify(theirs.descriptor));
  assert.deepEqual(await digestsOf(storage), [ours.descriptor.digest, digest].sort());
});

test("damaged records and foreign files are skipped", async (t) => {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  const whole = referrer("whole");
  await push(storage, whole);
  for (const [index, text] of ["", "{", "null", "7", "[]", "{}", '{"digest":"sha256:00"}'].entries()) {
    const damaged = referrer(`damaged ${index}`);
    await storage.manifests.put(name, damaged);
    await plant(root, layout.referrer(name, subject, damaged.descriptor.digest), text);
  }
  await plant(root, `${layout.referrers(name, subject)}/.tmp-1`, "junk");
  await plant(root, `${layout.referrers(name, subject)}/sha256-short`, "{}");
  assert.deepEqual(await digestsOf(storage), [whole.descriptor.digest]);
  assert.equal(log.named("record of a referrer is damaged and counts as absent").length, 7);
});

test("entries of the fallback tag are listed once, if they are stored here and do refer to the subject", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [recorded, listed, absent] = [referrer("recorded"), referrer("listed"), referrer("absent")];
  const stranger = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [] });
  await push(storage, recorded);
  await storage.manifests.put(name, listed);
  await storage.manifests.put(name, stranger);
  const manifests = [recorded, listed, absent, stranger].map(({ descriptor }) => descriptor);
  await tagFallback(storage, manifestOf({ mediaType: mediaTypes.ociIndex, manifests }));
  const expected = [recorded.descriptor.digest, listed.descriptor.digest].sort();
  assert.deepEqual(await digestsOf(storage), expected);
  const { items } = await listReferrers(storage, name, subject, {});
  assert.deepEqual(
    items.map(({ artifactType }) => artifactType),
    expected.map(() => "application/vnd.example.signature"),
  );
});

test("a fallback tag that points to nothing, or not to an index, does no harm", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const recorded = referrer("recorded");
  await push(storage, recorded);
  await storage.tags.put(name, fallbackTag, digestOf(Buffer.from("absent")));
  assert.deepEqual(await digestsOf(storage), [recorded.descriptor.digest]);
  await tagFallback(storage, recorded);
  assert.deepEqual(await digestsOf((await storageAt(root)).storage), [recorded.descriptor.digest]);
});

test("pages continue after the last digest, and the filter applies to all of them", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const all = Array.from({ length: 5 }, (_, index) => referrer(`number ${index}`, "x".repeat(1_500_000)));
  for (const manifest of all) await push(storage, manifest);
  const other = manifestOf({
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.example.sbom",
    config: all[0]?.descriptor,
    layers: [],
  });
  await push(storage, other);
  const seen: Digest[] = [];
  for (let last: Digest | undefined, more = true; more; ) {
    const query = { artifactType: "application/vnd.example.signature", ...(last === undefined ? {} : { last }) };
    const page = await listReferrers(storage, name, subject, query);
    assert.ok(JSON.stringify(page.items).length < 4 * 1024 * 1024);
    seen.push(...page.items.map(({ digest }) => digest));
    ({ more } = page);
    last = seen.at(-1);
  }
  assert.deepEqual(seen, all.map(({ descriptor }) => descriptor.digest).sort());
});

function referrer(number: string, padding = ""): ManifestToPush {
  const { descriptor, bytes } = manifestOf({
    mediaType: mediaTypes.ociIndex,
    artifactType: "application/vnd.example.signature",
    manifests: [],
    subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 7 },
    annotations: { number, padding },
  });
  const shown = { artifactType: "application/vnd.example.signature", annotations: { number, padding } };
  return { descriptor: { ...descriptor, ...shown }, bytes };
}

async function push(storage: Storage, manifest: ManifestToPush): Promise<void> {
  await storage.manifests.put(name, manifest);
  await storage.referrers.put(name, subject, manifest.descriptor);
}

async function tagFallback(storage: Storage, index: ManifestToPush): Promise<void> {
  await storage.manifests.put(name, index);
  await storage.tags.put(name, fallbackTag, index.descriptor.digest);
}

async function digestsOf(storage: Storage): Promise<Digest[]> {
  const { items } = await listReferrers(storage, name, subject, {});
  return items.map((item: Descriptor) => item.digest);
}

async function plant(root: string, key: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), text);
}
