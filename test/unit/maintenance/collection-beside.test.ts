import { strict as assert } from "node:assert";
import { test } from "node:test";
import { emptyTrash } from "../../../src/maintenance/empty-trash.js";
import { trashedLinks, undelete } from "../../../src/maintenance/undelete.js";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import type { ObjectStat } from "../../../src/storage/driver.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { inOnePiece, storeBlob } from "../../support/blob.js";
import { manifestOf } from "../../support/content.js";
import { collect, digestsStored } from "../../support/garbage.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { emptyConfig, smallImage } from "../../support/small-image.js";
import { storageOf } from "../../support/storage.js";
import { storeImage, storeManifest } from "../../support/stored-images.js";
import { hour, TimedStorage, timedDrivers } from "../../support/timed-storage.js";

const name = parseRepositoryName("team/app");
const context = patientContext();
/** Long enough for every claim to end. */
const later = 10 * hour;

for (const [driver, make] of Object.entries(timedDrivers)) {
  const story = (sentence: string, run: (timed: TimedStorage) => Promise<void>) =>
    test(`${sentence} (${driver})`, () => run(new TimedStorage(make)));

  story("a blob in no manifest is claimed, noted, waits, is in the trash, and its bytes go at last", async (timed) => {
    const { storage } = timed;
    const blob = await storeBlob(storage, name, Buffer.from("in no manifest"));
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "claimed");
    timed.passes(later);
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "noted");
    timed.passes(0.5 * hour);
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "waits");
    timed.passes(hour);
    const { report, erased, trashed } = await timed.collect();
    assert.deepEqual([report.went, erased, trashed], [[`blob ${blob}`], [], 1]);
    assert.deepEqual(await storage.index.blobs(name), []);
    assert.deepEqual(await digestsStored(storage), [blob]);
    timed.passes(25 * hour);
    assert.deepEqual((await timed.collect()).erased, [blob]);
    assert.deepEqual(await digestsStored(storage), []);
    assert.deepEqual(await trashedLinks(storage), []);
  });

  story("what a client claims after it was noted waits for the claim and for the whole grace again", async (timed) => {
    const { storage } = timed;
    const blob = await storeBlob(storage, name, Buffer.from("layer"));
    timed.passes(later);
    await timed.collect();
    timed.passes(60_000);
    await privateRepository(storage).statBlob(blob, context);
    timed.passes(2 * hour);
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "claimed");
    timed.passes(later);
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "noted");
  });

  story("a claim that ends before the grace does not make the earlier note count", async (timed) => {
    const { storage } = timed;
    storage.contentLinks.claimMs = 60_000;
    const blob = await storeBlob(storage, name, Buffer.from("layer"));
    timed.passes(0.5 * hour);
    await timed.collect();
    timed.passes(60_000);
    await privateRepository(storage).statBlob(blob, context);
    timed.passes(0.9 * hour);
    assert.equal((await timed.collect()).report.whyStays("blob", blob), "noted");
  });

  story("what is in the trash is back for a client that asks for it, and for a manifest", async (timed) => {
    const { storage } = timed;
    const texts = ["asked for", "named", "mounted", "lost"] as const;
    for (const text of texts) await storeBlob(storage, name, Buffer.from(text));
    await storeBlob(storage, name, emptyConfig);
    timed.passes(later);
    await timed.collect();
    timed.passes(2 * hour);
    assert.equal((await timed.collect()).trashed, 5);
    const repository = privateRepository(storage);
    const [asked, named, mounted, lost] = digestsOfTexts(...texts);
    await repository.statBlob(asked, context);
    await putManifest(repository, smallImage("named"));
    assert.equal(await privateRepository(storage, "other").mountBlob(mounted, name, context), true);
    timed.passes(later);
    await storage.listsSettled();
    const back = [asked, named, mounted, digestOf(emptyConfig)];
    assert.deepEqual((await storage.index.blobs(name)).sort(), back.toSorted());
    timed.passes(15 * hour);
    assert.deepEqual((await timed.collect()).erased, [lost]);
  });

  story("a manifest comes back from the trash with its layers, its children and as a referrer", async (timed) => {
    const { storage } = timed;
    const image = await storeImage(storage, "image");
    const signature = await storeImage(storage, "signature", { fields: { subject: image.descriptor } });
    const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [image.descriptor] });
    await storeManifest(storage, index);
    for (const ms of [later, 2 * hour, 2 * hour, 2 * hour]) {
      timed.passes(ms);
      await timed.collect({ deleteUntagged: true });
    }
    assert.deepEqual([await storage.index.manifests(name), await storage.index.blobs(name)], [[], []]);
    const repository = privateRepository(storage);
    await repository.resolveManifest(index.descriptor.digest, context);
    await repository.openBlob(digestOf(Buffer.from("image")), () => undefined, context);
    await storage.listsSettled();
    assert.equal((await storage.index.manifests(name)).length, 2);
    await repository.getManifest(signature.descriptor.digest, context);
    await storage.listsSettled();
    assert.deepEqual(await storage.referrers.list(name, image.descriptor.digest), [signature.descriptor.digest]);
    assert.deepEqual((await timed.collect({ deleteUntagged: true })).report.went, []);
  });

  story("undelete restores an image with all that it references, and nothing else", async (timed) => {
    const { storage } = timed;
    const image = await storeImage(storage, "image");
    const other = await storeBlob(storage, name, Buffer.from("other"));
    for (const ms of [later, 2 * hour, 2 * hour, 2 * hour]) {
      timed.passes(ms);
      await timed.collect({ deleteUntagged: true });
    }
    const restored = await undelete(storage, { name, digest: image.descriptor.digest });
    assert.equal(restored.length, 3);
    await storage.listsSettled();
    assert.deepEqual(await storage.index.manifests(name), [image.descriptor.digest]);
    assert.ok(!(await storage.index.blobs(name)).includes(other));
    assert.deepEqual(
      (await trashedLinks(storage)).map(({ link }) => link.digest),
      [other],
    );
    assert.equal((await undelete(storage, { name, digest: undefined })).length, 1);
    await storage.listsSettled();
    assert.equal((await undelete(storage, { name, digest: undefined })).length, 0);
  });

  story(
    "an open upload holds the claims that were alive when it began, and its end gives time to push the manifest",
    async (timed) => {
      const { storage } = timed;
      const old = await storeBlob(storage, name, Buffer.from("old garbage"));
      timed.passes(later);
      const layer = await storeBlob(storage, name, Buffer.from("first layer"));
      timed.passes(hour);
      const id = await storage.uploads.create(name, new Date());
      for (let day = 0; day < 8; day++) {
        timed.passes(6 * hour);
        await storage.uploads.content(name, id).append(day, inOnePiece(Buffer.from("x")));
      }
      await timed.collect();
      timed.passes(2 * hour);
      const { report } = await timed.collect();
      assert.equal(report.whyStays("blob", layer), "uploading");
      assert.deepEqual(report.went, [`blob ${old}`]);
      await storage.uploads.remove(name, id);
      timed.passes(4 * hour);
      assert.equal((await timed.collect()).report.whyStays("blob", layer), "uploading");
      timed.passes(6 * hour);
      assert.equal((await timed.collect()).report.whyStays("blob", layer), "noted");
      timed.passes(2 * hour);
      assert.deepEqual((await timed.collect()).report.went, [`blob ${layer}`]);
    },
  );

  story("an upload that is abandoned holds nothing once a claim's time is over", async (timed) => {
    const { storage } = timed;
    const layer = await storeBlob(storage, name, Buffer.from("layer"));
    await storage.uploads.create(name, new Date());
    timed.passes(8.9 * hour);
    assert.equal((await timed.collect()).report.whyStays("blob", layer), "claimed");
    timed.passes(hour);
    assert.equal((await timed.collect()).report.whyStays("blob", layer), "noted");
  });

  story("content whose date is in the future has an unknown age, stays, and holds back nothing else", async (timed) => {
    const { storage } = timed;
    const orphan = await storeBlob(storage, name, Buffer.from("orphan"));
    timed.passes(100 * hour);
    const future = await storeBlob(storage, name, Buffer.from("from the future"));
    timed.passes(-80 * hour);
    await timed.collect();
    timed.passes(2 * hour);
    const { report } = await timed.collect();
    assert.equal(report.whyStays("blob", future), "unknown age");
    assert.deepEqual(report.went, [`blob ${orphan}`]);
  });

  story(
    "a damaged record in the trash keeps the bytes that it is about, is reported, and holds back nothing else",
    async (timed) => {
      const { storage } = timed;
      const [damaged, other] = [
        await storeBlob(storage, name, Buffer.from("damaged")),
        await storeBlob(storage, name, Buffer.from("other")),
      ];
      timed.passes(later);
      await timed.collect();
      timed.passes(2 * hour);
      await timed.collect();
      const key = layout.trashed({ name, kind: "blob", digest: damaged });
      await storage.driver.write({ key, content: Buffer.from("{torn") });
      timed.passes(100 * hour);
      const { report, erased } = await timed.collect();
      assert.match(report.problems.join(), /\.berth\/trash\/.* is damaged/);
      assert.deepEqual(erased, [other]);
      assert.deepEqual(await digestsStored(storage), [damaged]);
    },
  );
}

test("where each answer takes long, as from a bucket, a collection asks about several unneeded links at once", async () => {
  const storage = storageOf(new DistantDriver());
  for (let number = 0; number < 20; number++) await storeBlob(storage, name, Buffer.from(`blob ${number}`));
  const { contentLinks } = storage;
  const stored = contentLinks.stored.bind(contentLinks);
  let [asked, most] = [0, 0];
  contentLinks.stored = async (link) => {
    most = Math.max(most, ++asked);
    const found = await stored(link);
    asked--;
    return found;
  };
  const { report } = await collect(storage);
  assert.equal(report.went.filter((each) => each.startsWith("blob ")).length, 20);
  assert.ok(most > 1);
});

class DistantDriver extends MemoryDriver {
  statRecently(key: string): Promise<ObjectStat | undefined> {
    return this.stat(key);
  }
}

test("if space is needed, the trash is emptied, the oldest first, and only as far as needed", async () => {
  const timed = new TimedStorage();
  const { storage } = timed;
  const trashed: Digest[] = [];
  for (const text of ["first".repeat(100), "second".repeat(100), "third".repeat(100)]) {
    trashed.push(await storeBlob(storage, name, Buffer.from(text)));
    for (const ms of [later, 2 * hour]) {
      timed.passes(ms);
      await timed.collect({ times: { ...timed.times, trash: 1_000 * hour } });
    }
  }
  const image = await storeImage(storage, "kept", { tags: ["v1"] });
  assert.equal(await emptyTrash(storage, 600), 500 + 600);
  assert.deepEqual(
    (await trashedLinks(storage)).map(({ link }) => link.digest),
    trashed.slice(2),
  );
  assert.equal(await emptyTrash(storage, 1_000_000), 500);
  assert.equal(await emptyTrash(storage, 1_000_000), 0);
  assert.ok((await digestsStored(storage)).includes(image.descriptor.digest));
});

test("a dry run beside a server says exactly what the collection then does, and changes nothing", async () => {
  const timed = new TimedStorage(timedDrivers["a poor driver"]);
  const { storage } = timed;
  const tagged = await storeImage(storage, "kept", { tags: ["v1"] });
  await storeImage(storage, "untagged");
  await storeBlob(storage, parseRepositoryName("other"), Buffer.from("orphan"));
  const before = await digestsStored(storage);
  const end = await storage.markWork();
  for (const ms of [0, later, 2 * hour, 2 * hour, 2 * hour, 30 * hour]) {
    timed.passes(ms);
    const stored = await digestsStored(storage);
    const plan = await timed.plan({ deleteUntagged: true });
    assert.deepEqual(await digestsStored(storage), stored);
    assert.equal(plan.isAlone, false);
    const done = await timed.collect({ deleteUntagged: true });
    assert.deepEqual(plan.report.went, done.report.went);
    assert.deepEqual([plan.erased, plan.bytes, plan.trashed], [done.erased, done.bytes, done.trashed]);
  }
  await end();
  assert.ok(before.includes(tagged.descriptor.digest));
});
test("a tag that is deleted while untagged manifests are deleted keeps nothing, and one that is moved keeps its image", async () => {
  const timed = new TimedStorage();
  const { storage } = timed;
  const repository = privateRepository(storage);
  const [one, two] = [
    await storeImage(storage, "one", { tags: ["v1"] }),
    await storeImage(storage, "two", { tags: ["v2"] }),
  ];
  await repository.deleteTag(parseTag("v1"), context);
  timed.passes(later);
  await timed.collect({ deleteUntagged: true });
  timed.passes(2 * hour);
  await timed.collect({ deleteUntagged: true });
  assert.deepEqual(await storage.index.manifests(name), [two.descriptor.digest]);
  assert.ok((await trashedLinks(storage)).some(({ link }) => link.digest === one.descriptor.digest));
});

function digestsOfTexts(...texts: readonly [string, string, string, string]): [Digest, Digest, Digest, Digest] {
  const [one, two, three, four] = texts.map((text) => digestOf(Buffer.from(text)));
  assert.ok(one && two && three && four);
  return [one, two, three, four];
}
