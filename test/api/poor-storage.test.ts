import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { removeUnlinked } from "../../src/storage/content/unlinked-blobs.js";
import { Storage } from "../../src/storage/storage.js";
import { storeBlob } from "../support/blob.js";
import { listTags, pullWhole, pushBlob, pushManifest, seededBytes } from "../support/content.js";
import { cutAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { collect, digestsStored } from "../support/garbage.js";
import { PoorDriver } from "../support/poor-driver/poor-driver.js";
import { patientContext, privateRepository } from "../support/private-repository.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { seededRandom } from "../support/seeded-random.js";
import { emptyConfig, smallImage } from "../support/small-image.js";

/*
 * Tests on the poorest storage there may be (`poor-driver.ts`): changes are made but their answers lost, lists are slow
 * and lag behind, and there are no renames and no conditional writes.
 */

const name = parseRepositoryName("team/app");

function storageOf(driver: PoorDriver): Storage {
  return new Storage(driver, 64 * 1024, new RecordedLog());
}

/** Loses about one answer in `count`: always the same ones, since the seed is fixed. */
function losingOneIn(count: number): () => boolean {
  const random = seededRandom(count);
  return () => random() < 1 / count;
}

test("pushes with lost answers are repeated until they are acknowledged, and then every image can be pulled whole", async (t) => {
  const scope = new Scope(t);
  const driver = new PoorDriver({ losesAnswer: losingOneIn(12) });
  const { client } = await runBerth(scope, { opened: storageOf(driver) });
  let failures = 0;
  const insist = async (push: () => Promise<unknown>) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await push();
      } catch (error) {
        failures++;
        if (attempt === 30) throw error;
      }
    }
  };
  const images = Array.from({ length: 24 }, (_, number) => number);
  const push = async (number: number) => {
    // Every third image shares layers, and every second shares a name.
    const text = `layer ${number % 3} `;
    const image = smallImage(text, { annotations: { number: String(number) } });
    for (const blob of [emptyConfig, Buffer.from(text)]) await insist(() => pushBlob(client, `app${number % 2}`, blob));
    await insist(() => pushManifest(client, `app${number % 2}`, image, `v${number}`));
  };
  await Promise.all(images.map(push));
  assert.ok(failures > 0, "no answer was lost");
  // A new process, with nothing in memory.
  const { client: fresh } = await runBerth(scope, { opened: storageOf(driver) });
  for (const number of images) await pullWhole(fresh, `app${number % 2}`, `v${number}`);
  await storageOf(driver).listsSettled();
  assert.equal((await listTags(fresh, "app0")).length, images.length / 2);
});

test("a cache with lost answers serves correct bytes or none, and in the end every image whole", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layer = seededBytes("layer", 900_000);
  fake.store.addImage("library/alpine", [layer], "latest");
  fake.faults.add({ kind: "blob" }, cutAt(300_000), { times: 2 });
  const driver = new PoorDriver({ losesAnswer: losingOneIn(6) });
  const { client } = await runProxy(scope, fake.url, { opened: storageOf(driver) });
  let served = 0;
  for (let attempt = 0; attempt < 60 && served < 10; attempt++) {
    const manifest = await client.get("/v2/library/alpine/manifests/latest").catch(() => undefined);
    const blob = await client.get(`/v2/library/alpine/blobs/${digestOf(layer)}`).catch(() => undefined);
    if (blob?.status === 200) assert.ok(blob.body.equals(layer));
    if (manifest?.status === 200 && blob?.status === 200) served++;
  }
  assert.equal(served, 10);
});

test("a collection after pushes, deletions and lost answers keeps what is needed, and nothing else", async () => {
  const driver = new PoorDriver();
  const storage = storageOf(driver);
  const repository = privateRepository(storage);
  for (const text of ["kept", "deleted"]) {
    await storeBlob(storage, name, emptyConfig);
    await storeBlob(storage, name, Buffer.from(text));
    const { bytes, descriptor } = smallImage(text);
    const manifest = { bytes, contentType: descriptor.mediaType, tags: [], reference: descriptor.digest };
    await repository.putManifest(manifest, patientContext());
  }
  const orphan = await storeBlob(storage, name, Buffer.from("in no manifest"));
  await repository.deleteManifest(smallImage("deleted").descriptor.digest, patientContext());
  const fresh = storageOf(driver);
  await fresh.listsSettled();
  const { erased } = await collect(fresh);
  assert.ok(erased.includes(orphan));
  await fresh.listsSettled();
  const kept = [digestOf(emptyConfig), digestOf(Buffer.from("kept")), smallImage("kept").descriptor.digest];
  assert.deepEqual(await digestsStored(fresh), kept.sort());
});

test("a collection repeated after lost answers ends like one without lost answers", async () => {
  let isLossy = false;
  const loses = losingOneIn(4);
  const driver = new PoorDriver({ losesAnswer: () => isLossy && loses() });
  const storage = storageOf(driver);
  const orphans = Array.from({ length: 20 }, (_, number) => Buffer.from(`orphan ${number}`));
  for (const bytes of orphans) await storeBlob(storage, name, bytes);
  isLossy = true;
  let failures = 0;
  for (let isDone = false; !isDone; ) {
    await storage.listsSettled();
    try {
      // What could not be read stays until the next run, which says so.
      const { problems } = await collect(storage);
      failures += problems.length;
      isDone = problems.length === 0;
    } catch {
      failures++;
    }
  }
  assert.ok(failures > 0, "no answer was lost");
  await storage.listsSettled();
  assert.deepEqual(await digestsStored(storage), []);
  assert.deepEqual(await storage.blobs.aside.list(), []);
});

test("bytes that are linked while they are being removed stay, or the linker is told that they are deleted", async () => {
  const driver = new PoorDriver({ listLagMs: 10 });
  const [remover, writer] = [storageOf(driver), storageOf(driver)];
  const random = seededRandom(7);
  for (let round = 0; round < 30; round++) {
    const bytes = Buffer.from(`contested ${round}`);
    const digest = digestOf(bytes);
    await storeBlob(writer, name, bytes);
    await writer.repository(name).removeBlob(digest);
    const other = parseRepositoryName(`other${round}`);
    const link = async () => {
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
      return writer.repository(other).linkBlob(digest);
    };
    const [isLinked] = await Promise.all([link(), removeUnlinked(remover, [digest])]);
    assert.equal((await remover.blobs.size(digest)) !== undefined, isLinked, `round ${round}`);
    if (!isLinked) await storeBlob(writer, other, bytes);
    assert.equal(await remover.blobs.size(digest), bytes.length);
  }
});
