import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { emptyConfigType, type ManifestToPush, manifestOf } from "../../support/content.js";
import { collect, digestsStored } from "../../support/garbage.js";
import { PoorDriver } from "../../support/poor-driver/poor-driver.js";
import { patientContext, privateRepository } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { descriptorOf, emptyConfig, smallImage } from "../../support/small-image.js";
import { storageOnDisk } from "../../support/storage.js";
import { storeImage, storeManifest } from "../../support/stored-images.js";

const name = parseRepositoryName("team/app");
const config = digestOf(emptyConfig);

const drivers = {
  memory: async () => new Storage(new MemoryDriver(), 1024 * 1024, new RecordedLog()),
  "a poor driver": async () => new Storage(new PoorDriver(), 1024 * 1024, new RecordedLog()),
  filesystem: async (scope: Scope) => (await storageOnDisk(scope)).storage,
} as const;

for (const [driver, open] of Object.entries(drivers)) {
  const story = (text: string, run: (storage: Storage) => Promise<void>) =>
    test(`${text} (${driver})`, async (t) => run(await open(new Scope(t))));

  story("unreferenced content is deleted, and referenced content is kept", async (storage) => {
    const image = await storeImage(storage, "kept", { tags: ["v1"] });
    const orphan = await storeBlob(storage, name, Buffer.from("in no manifest"));
    const { bytes: freed, erased, problems } = await collect(storage);
    assert.deepEqual(erased, [orphan]);
    assert.equal(freed, "in no manifest".length);
    assert.deepEqual(problems, []);
    assert.deepEqual(await digestsStored(storage), [digestOf(image.bytes), textDigest("kept"), config].sort());
    assert.equal(await storage.repository(name).findBlob(orphan), undefined);
    assert.deepEqual((await storage.index.blobs(name)).sort(), [config, textDigest("kept")].sort());
    assert.ok(await storage.repository(name).findBlob(textDigest("kept")));
  });

  story("the content of a deleted image is deleted, unless another repository holds it", async (storage) => {
    const image = await storeImage(storage, "shared", { tags: ["v1"] });
    await storeImage(storage, "only here", { tags: ["v2"] });
    const other = parseRepositoryName("other");
    await storeImage(storage, "shared", { name: other, tags: ["v1"] });
    const repository = privateRepository(storage);
    await repository.deleteManifest(image.descriptor.digest, patientContext());
    await repository.deleteTag(parseTag("v2"), patientContext());
    await repository.deleteManifest(smallImage("only here").descriptor.digest, patientContext());
    await collect(storage);
    assert.deepEqual(await digestsStored(storage), [digestOf(image.bytes), textDigest("shared"), config].sort());
    assert.ok(await storage.repository(other).findBlob(textDigest("shared")));
    assert.equal(
      await storage.repository(name).findBlob(textDigest("shared")),
      undefined,
      "its link would make it readable again",
    );
  });

  story("a manifest without a tag is kept, unless untagged ones are to be deleted", async (storage) => {
    const old = await storeImage(storage, "old", { tags: ["latest"] });
    const current = await storeImage(storage, "current", { tags: ["latest"] });
    await collect(storage);
    assert.deepEqual((await storage.index.manifests(name)).sort(), digestsOf(old, current));
    const { erased } = await collect(storage, { deleteUntagged: true });
    assert.deepEqual(erased.toSorted(), [digestOf(old.bytes), textDigest("old")].sort());
    assert.deepEqual(await storage.index.manifests(name), digestsOf(current));
    const history = layout.tagHistoryOf(name, parseTag("latest"), "sha256");
    assert.deepEqual(await storage.driver.list(history), [current.descriptor.digest.slice("sha256:".length)]);
  });

  story("children of a kept index need no tag, nor do those of a nested index", async (storage) => {
    const child = await storeImage(storage, "child");
    const inner = await storeIndex(storage, [child]);
    const absent = smallImage("never pushed");
    const outer = await storeIndex(storage, [inner, absent], ["v1"]);
    const untagged = await storeIndex(storage, [await storeImage(storage, "child of an untagged index")]);
    const { erased } = await collect(storage, { deleteUntagged: true });
    assert.equal(erased.length, 3);
    assert.deepEqual((await storage.index.manifests(name)).sort(), digestsOf(child, inner, outer));
    assert.ok(await storage.repository(name).findBlob(textDigest("child")));
    assert.equal(await storage.manifests.find(name, untagged.descriptor.digest), undefined);
  });

  story("indexes that lead to the same images on sixteen million ways are walked once each", async (storage) => {
    let [one, other] = [await storeImage(storage, "one"), await storeImage(storage, "other")];
    for (let level = 0; level < 24; level++)
      [one, other] = [await storeIndex(storage, [one, other]), await storeIndex(storage, [other, one])];
    const top = await storeIndex(storage, [one, other], ["v1"]);
    const { erased } = await collect(storage, { deleteUntagged: true });
    assert.deepEqual(erased, []);
    assert.equal((await storage.index.manifests(name)).length, 2 + 2 * 24 + 1);
    assert.ok(await storage.manifests.find(name, top.descriptor.digest));
  });

  story("referrers of a kept manifest need no tag, and are still listed; others are deleted", async (storage) => {
    const image = await storeImage(storage, "image", { tags: ["v1"] });
    const signature = await storeImage(storage, "signature", { fields: { subject: image.descriptor } });
    const counter = await storeImage(storage, "signed signature", { fields: { subject: signature.descriptor } });
    const old = await storeImage(storage, "old image");
    await storeImage(storage, "old signature", { fields: { subject: old.descriptor } });
    await collect(storage, { deleteUntagged: true });
    assert.deepEqual((await storage.index.manifests(name)).sort(), digestsOf(image, signature, counter));
    assert.deepEqual(await storage.referrers.list(name, image.descriptor.digest), digestsOf(signature));
    assert.deepEqual(await storage.referrers.list(name, signature.descriptor.digest), digestsOf(counter));
    assert.deepEqual((await storage.referrers.subjects(name)).sort(), digestsOf(image, signature));
    assert.ok(await storage.repository(name).findBlob(textDigest("signed signature")));
  });

  story("sha512 content is kept, whether stored under its own digest or linked to sha256", async (storage) => {
    const own = Buffer.from("under its own digest");
    const linked = Buffer.from("linked by distribution");
    await storeBlob(storage, name, own, digestOf(own, "sha512"));
    await storeBlob(storage, name, linked);
    const alias = digestOf(linked, "sha512");
    await storage.links.put(layout.layerLink(name, alias), digestOf(linked));
    const layers = [own, linked].map((bytes) => ({ ...descriptorOf(bytes), digest: digestOf(bytes, "sha512") }));
    const config = { ...descriptorOf(own, emptyConfigType), digest: digestOf(own, "sha512") };
    const manifest = manifestOf({ mediaType: mediaTypes.ociManifest, config, layers }, "sha512");
    await storeManifest(storage, manifest);
    await collect(storage);
    assert.equal((await storage.repository(name).findBlob(alias))?.size, linked.length);
    assert.ok(
      await storage.repository(name).findBlob(digestOf(linked)),
      "distribution follows one link and needs the other too",
    );
    assert.equal((await storage.repository(name).findBlob(digestOf(own, "sha512")))?.size, own.length);
    assert.ok(await storage.manifests.find(name, manifest.descriptor.digest));
  });

  story("a manifest of an unknown type keeps every digest that occurs in it", async (storage) => {
    const part = await storeBlob(storage, name, Buffer.from("part"));
    const mediaType = "application/vnd.example.unknown+json";
    await storeManifest(storage, manifestOf({ mediaType, deep: [{ in: { it: part } }] }));
    const { erased } = await collect(storage);
    assert.deepEqual(erased, []);
    assert.ok(await storage.repository(name).findBlob(part));
  });

  story(
    "content that Go programs read under another spelling is kept, and so are referrers with such a subject",
    async (storage) => {
      const image = await storeImage(storage, "kept", { tags: ["v1"] });
      const { descriptor: subject } = image;
      const layers = await Promise.all(["plain", "by Go"].map((text) => storeBlob(storage, name, Buffer.from(text))));
      const described = layers.map((digest) => ({ mediaType: "text/plain", digest, size: 5 }));
      const content = { mediaType: mediaTypes.ociManifest, config: descriptorOf(emptyConfig, emptyConfigType) };
      const doubled = manifestOf({
        ...content,
        layers: [described[0]],
        "layer\u017f": [described[1]],
        Subject: subject,
      });
      // As if from an upstream: a push would be refused.
      await storage.manifests.put(name, doubled);
      await collect(storage, { deleteUntagged: true });
      for (const digest of layers) assert.ok(await storage.repository(name).findBlob(digest), digest);
      assert.ok(await storage.manifests.find(name, doubled.descriptor.digest));
    },
  );

  story(
    "an unreadable manifest keeps everything in its repository, with a reason, and nothing in others",
    async (storage) => {
      const damaged = await storeImage(storage, "damaged", { tags: ["v1"] });
      const untagged = await storeImage(storage, "untagged");
      const perhaps = await storeBlob(storage, name, Buffer.from("named by the damaged one, perhaps"));
      const orphan = await storeBlob(storage, parseRepositoryName("other"), Buffer.from("orphan"));
      await storage.driver.write({ key: layout.blob(damaged.descriptor.digest), content: Buffer.from("{torn") });
      const { erased, problems } = await collect(storage, { deleteUntagged: true });
      assert.deepEqual(erased, [orphan]);
      assert.match(problems.join(), new RegExp(`^team/app: manifest ${damaged.descriptor.digest} cannot be read`));
      assert.ok(await storage.repository(name).findBlob(perhaps));
      assert.ok(await storage.manifests.find(name, untagged.descriptor.digest));
    },
  );

  story("a manifest whose bytes are missing keeps nothing", async (storage) => {
    const gone = await storeImage(storage, "layer of what is gone", { tags: ["v1"] });
    await storage.driver.remove(layout.blob(gone.descriptor.digest));
    const { erased, problems } = await collect(storage);
    assert.deepEqual(problems, []);
    assert.deepEqual(erased.toSorted(), [config, textDigest("layer of what is gone")].sort());
  });

  story("a manifest that was being evicted when Berth was killed still references its layers", async (storage) => {
    const image = await storeImage(storage, "layer", { tags: ["v1"] });
    await storage.blobs.aside.set(image.descriptor.digest);
    const { erased } = await collect(storage);
    assert.deepEqual(erased, []);
    assert.ok(await storage.driver.stat(layout.blob(image.descriptor.digest)), "its bytes are back in place");
  });

  story("if a tag's target is unknown, untagged manifests of its repository are kept", async (storage) => {
    await storeImage(storage, "tagged", { tags: ["v1"] });
    await storage.driver.write({ key: layout.tagLink(name, parseTag("v1")), content: Buffer.alloc(0) });
    const { erased, problems } = await collect(storage, { deleteUntagged: true });
    assert.deepEqual(erased, []);
    assert.match(problems.join(), /the link of tag v1 is damaged/);
  });

  story("an empty repository is deleted with its records, but not the repositories below it", async (storage) => {
    const cached = parseRepositoryName("library");
    const below = parseRepositoryName("library/alpine");
    for (const repository of [cached, below]) {
      await storage.owners.recordOwner(repository, "docker.io");
      await storage.tagChecks.recordCheck(repository, parseTag("v1"), Date.now());
    }
    await storeBlob(storage, cached, Buffer.from("in no manifest"));
    const image = await storeImage(storage, "kept", { name: below, tags: ["v1"] });
    await collect(storage);
    assert.equal(await storage.repository(cached).holdsContent(), false);
    assert.equal(await storage.driver.read(layout.cachedFrom(cached)), undefined);
    assert.equal(await storage.driver.read(layout.tagChecked(cached, parseTag("v1"))), undefined);
    assert.equal((await storage.driver.read(layout.cachedFrom(below)))?.toString(), "docker.io");
    assert.ok(await storage.manifests.find(below, image.descriptor.digest));
  });

  story("an unfinished upload is kept, and so is what its client has uploaded before", async (storage) => {
    const id = await storage.uploads.create(name, new Date());
    const first = await storeBlob(storage, name, Buffer.from("the first of an image"));
    const { erased, report } = await collect(storage);
    assert.deepEqual(erased, [], "the client will not upload it again");
    assert.equal(report.whyStays("blob", first), "uploading");
    assert.equal(await storage.uploads.offset(name, id), 0);
    await storage.uploads.remove(name, id);
    assert.deepEqual((await collect(storage)).erased, [first]);
  });

  story(
    "what a folder with an invalid repository name links to is kept, and holds back nothing else",
    async (storage) => {
      await storeBlob(storage, name, Buffer.from("in no manifest"));
      const digest = await storeBlob(storage, name, Buffer.from("linked in a copy of the repository"));
      const copied = layout.layerLink(name, digest).replace(`/${name}/`, "/Team/copy of app/");
      await storage.driver.write({ key: copied, content: Buffer.from(digest) });
      const { problems } = await collect(storage);
      assert.deepEqual(await digestsStored(storage), [digest]);
      assert.match(problems.join("\n"), /repositories\/Team is not a repository name, .*all of it stays/);
    },
  );
}

async function storeIndex(
  storage: Storage,
  children: readonly ManifestToPush[],
  tags: readonly string[] = [],
): Promise<ManifestToPush> {
  const manifests = children.map(({ descriptor }) => descriptor);
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests });
  await storeManifest(storage, index, { tags });
  return index;
}

function digestsOf(...manifests: readonly ManifestToPush[]) {
  return manifests.map(({ descriptor }) => descriptor.digest).sort();
}

function textDigest(text: string) {
  return digestOf(Buffer.from(text));
}
