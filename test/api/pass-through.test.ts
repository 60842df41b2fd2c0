import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { RegistryError } from "../../src/oci/errors.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { PassThroughReader } from "../../src/proxy/downloads/pass-through-reader.js";
import { seededBytes } from "../support/content.js";
import { tooShort } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 100_000);

/** Opens a blob that there is no room for, of which a manifest told the size, or none did. */
async function openOf(scope: Scope, size: number | undefined) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addBlob(name, layer);
  const order = {
    upstream: upstreamAt(scope, fake.url),
    remoteName: name,
    name,
    digest: digestOf(layer),
    size,
    via: undefined,
  };
  const options = { signal: new AbortController().signal, log: new RecordedLog() };
  return { fake, open: () => PassThroughReader.open(order, options) };
}

test("what cannot be kept, and has no size that anybody tells, is refused and not taken for empty", async (t) => {
  const { fake, open } = await openOf(new Scope(t), undefined);
  const recover = fake.faults.add({ kind: "blob" }, tooShort(0));
  await assert.rejects(open(), RegistryError);
  recover();
  const reader = await open();
  assert.equal(reader.size, layer.length);
  await reader.close();
});

test("what cannot be kept, and is said to be empty, must be empty", async (t) => {
  const { fake, open } = await openOf(new Scope(t), 0);
  fake.faults.add({ kind: "blob" }, tooShort(0));
  await assert.rejects(open());
});
