import { strict as assert } from "node:assert";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { Storage } from "../../src/storage/storage.js";
import { seededBytes } from "../support/content.js";
import { cutAt, gzipped, stallAt, wrongBytes } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { PoorDriver } from "../support/poor-driver/poor-driver.js";
import { RecordedLog } from "../support/recorded-log.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 1_500_000);
const path = `/v2/${name}/blobs/${digestOf(layer)}`;
const tagPath = `/v2/${name}/manifests/latest`;

type Cache = Pick<RunningProxy, "client" | "storage"> & { readonly fake: FakeUpstream };

const stories: Record<string, (cache: Cache) => Promise<void>> = {
  "an image is downloaded once, and then served from storage": async ({ client, fake }) => {
    for (const from of ["miss", "hit"]) {
      assert.equal((await client.get(tagPath)).status, 200);
      const blob = await client.get(path);
      assert.equal(blob.headers["x-cache"], from);
      assert.ok(blob.body.equals(layer));
    }
    assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
  },
  "a herd on a cold blob is one GET": async ({ client, fake }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get(path)));
    for (const { body } of answers) assert.ok(body.equals(layer));
    assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
  },
  "an interrupted download resumes where it stopped": async ({ client, fake }) => {
    fake.faults.add({ kind: "blob" }, cutAt(400_000), { times: 3 });
    assert.ok((await client.get(path)).body.equals(layer));
    assert.ok(fake.ledger.bytes({ kind: "blob" }) <= layer.length * 1.05);
  },
  "concurrent readers get what is available, and the rest when it arrives": async ({ client, fake }) => {
    const recover = fake.faults.add({ kind: "blob", method: "GET" }, stallAt(700_000));
    const part = await client.open("GET", path, { headers: { range: "bytes=100-600000" } });
    const arrived = await firstBytes(part.stream, 100_000);
    const ahead = await client.open("GET", path, { headers: { range: "bytes=-51" } });
    assert.equal(ahead.status, 206);
    recover();
    await fake.stop();
    await fake.start();
    assert.ok(Buffer.concat([arrived, await buffer(part.stream)]).equals(layer.subarray(100, 600_001)));
    assert.ok((await buffer(ahead.stream)).equals(layer.subarray(-51)));
  },
  "a layer that is compressed in transit is verified in its decoded form": async ({ client, fake }) => {
    fake.faults.add({ kind: "blob" }, gzipped);
    assert.ok((await client.get(path)).body.equals(layer));
  },
  "a wrong byte completes nothing, and the next client gets the right bytes": async ({ client, fake, storage }) => {
    fake.faults.add({ kind: "blob", method: "GET" }, wrongBytes, { times: 1 });
    await assert.rejects(client.get(path));
    assert.equal(await storage.blobs.size(digestOf(layer)), undefined);
    assert.ok((await client.get(path)).body.equals(layer));
  },
  "a tag that moved upstream moves here": async ({ client, fake }) => {
    const before = (await client.get(tagPath)).body;
    const { bytes } = fake.store.addImage(name, [seededBytes("other", 1_000)], "latest");
    const after = (await client.get(tagPath)).body;
    assert.deepEqual([before.equals(after), after], [false, bytes]);
  },
};

/** Reads until this many bytes have arrived, and leaves the stream open. */
async function firstBytes(stream: Readable, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    chunks.push(chunk);
    if (length >= count) break;
  }
  return Buffer.concat(chunks);
}

/** Where to keep the cache. */
const storages = {
  filesystem: () => ({ driver: "filesystem" }) as const,
  memory: () => ({ driver: "memory" }) as const,
  "a poor driver": () => ({ opened: new Storage(new PoorDriver(), 1024 * 1024, new RecordedLog()) }),
};

for (const [driver, options] of Object.entries(storages)) {
  for (const [what, tell] of Object.entries(stories)) {
    test(`storage.driver: ${driver}: ${what}`, async (t) => {
      const scope = new Scope(t);
      const fake = await FakeUpstream.start(scope);
      fake.store.addImage(name, [layer], "latest");
      await tell({
        fake,
        ...(await runProxy(scope, fake.url, options())),
      });
    });
  }
}
