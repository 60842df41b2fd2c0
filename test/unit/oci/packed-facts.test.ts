import { strict as assert } from "node:assert";
import { test } from "node:test";
import { packFacts, unpackFacts } from "../../../src/oci/packed-facts.js";

test("what was packed for another thread is unpacked as it was, however long its lists are", async () => {
  const entries = Array.from({ length: 20_000 }, (_, number) => ({ digest: `sha256:${number}`, size: number }));
  const facts = {
    mediaType: "a/ü\ud800",
    none: [],
    entries,
    texts: entries.map(({ digest }) => digest),
    content: { layers: entries },
    config: { digest: "sha256:0", annotations: {} },
  };
  const packed = packFacts(facts);
  assert.ok(packed.ends.length > 10, "long lists are in pieces");
  const unpacked = await unpackFacts(packed);
  assert.equal(JSON.stringify(unpacked), JSON.stringify(facts));
});

test("annotations keep any key, and inherit none", async () => {
  const annotations = JSON.parse('{"__proto__":"a","constructor":"b"}');
  const unpacked = await unpackFacts(packFacts({ annotations, manifests: [{ annotations }] }));
  const { annotations: ofImage, manifests } = unpacked as { annotations: object; manifests: { annotations: object }[] };
  for (const found of [ofImage, manifests[0]?.annotations ?? {}]) {
    assert.deepEqual(Object.entries(found), [
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    assert.equal(Reflect.get(found, "toString"), undefined);
  }
});
