import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { BlobReader } from "../../src/oci/blob-reader.js";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { BodyForms } from "../../src/proxy/downloads/body-forms.js";
import { PassThroughReader } from "../../src/proxy/downloads/pass-through-reader.js";
import { seededBytes } from "../support/content.js";
import { noContent } from "../support/fake-upstream/content.js";
import { answer, tooShort, wrongBytes } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 100_000);

/** Opens a blob that there is no space for, with or without a size in a manifest. */
async function openOf(scope: Scope, size: number | undefined) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addBlob(name, layer);
  const wanted = {
    client: upstreamAt(scope, fake.url),
    policy: { answerTimeout: 25_000, blobTimeout: 25_000, lazyRanges: false, forms: new BodyForms() },
    remoteName: name,
    name,
    digest: digestOf(layer),
    size,
    trail: undefined,
  };
  const options = { signal: new AbortController().signal, log: new RecordedLog() };
  return { fake, open: () => PassThroughReader.open(wanted, options) };
}

test("a blob that cannot be stored, and has no known size, is passed on to its end, which is verified", async (t) => {
  const { fake, open } = await openOf(new Scope(t), undefined);
  const recover = fake.faults.add({ kind: "blob" }, tooShort(0));
  assert.deepEqual(await readAll(await open()), layer);
  recover();
  assert.equal((await open()).size, layer.length);
  fake.faults.add({ kind: "blob" }, (reply, request) => tooShort(0)(wrongBytes(reply, request), request));
  await assert.rejects(open().then(readAll), /other content/);
});

test("a blob that cannot be stored, and is empty only according to its manifest, is passed on as it is", async (t) => {
  const { fake, open } = await openOf(new Scope(t), 0);
  assert.deepEqual(await readAll(await open()), layer);
  fake.faults.add({ kind: "blob" }, answer({ status: 200, headers: {}, body: noContent }));
  await assert.rejects(open(), /other content/);
});

/** Reads content of unknown size, whose last byte must never come before it is verified. */
async function readAll(reader: BlobReader): Promise<Buffer> {
  assert.equal(reader.size, Number.POSITIVE_INFINITY);
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const into = Buffer.alloc(64 * 1024);
    const count = await reader.read(into, position);
    if (count === 0) return Buffer.concat(chunks);
    position += count;
    chunks.push(into.subarray(0, count));
    if (position === layer.length) await reader.prove?.(position);
  }
}
