import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { CachedImage } from "../../../src/images/images.js";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { EvictionPlan } from "../../../src/proxy/eviction/eviction-plan.js";

function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

/** An image of blobs, whose manifest has the name of its tag. */
function image(tag: string, blobs: readonly string[], repository = "library/app"): CachedImage {
  return {
    name: parseRepositoryName(repository),
    upstream: "docker.io",
    digest: digest(tag),
    tags: new Map([[parseTag(tag), digest(tag)]]),
    manifests: [digest(tag)],
    blobs: blobs.map(digest),
    usedMs: 0,
  };
}

/** Bytes of each digest, and how many repositories hold them. */
function cachedBytes(sizes: Readonly<Record<string, readonly [size: number, holders: number]>>) {
  return new Map(Object.entries(sizes).map(([text, [size, holders]]) => [digest(text), { size, holders }]));
}

test("an image is deleted with everything that no remaining image in the repository references", () => {
  const [one, two] = [image("one", ["base", "a"]), image("two", ["base", "b"])];
  const plan = new EvictionPlan([one, two], cachedBytes({ one: [1, 1], two: [1, 1], base: [100, 1], a: [10, 1] }));
  const first = plan.evict(one);
  assert.deepEqual([first.manifests, first.blobs, first.bytes], [[digest("one")], [digest("a")], 11]);
  const second = plan.evict(two);
  assert.deepEqual([second.blobs, second.bytes], [[digest("base"), digest("b")], 101]);
});

test("bytes in several repositories are freed with the last of them", () => {
  const [here, there] = [image("one", ["base"]), image("one", ["base"], "library/other")];
  const plan = new EvictionPlan([here, there], cachedBytes({ one: [1, 2], base: [100, 2] }));
  const first = plan.evict(here);
  assert.deepEqual([first.blobs, first.bytes], [[digest("base")], 0]);
  assert.equal(plan.evict(there).bytes, 101);
});

test("a tag is deleted with its image, unless the image remains as part of another", () => {
  const child = digest("child");
  const tags = new Map([
    [parseTag("index"), digest("index")],
    [parseTag("child"), child],
  ]);
  const index = { ...image("index", []), manifests: [digest("index"), child], tags };
  const other = { ...image("other", []), manifests: [digest("other"), child] };
  const evicted = new EvictionPlan([index, other], new Map()).evict(index);
  assert.deepEqual([evicted.manifests, [...evicted.tags.keys()]], [[digest("index")], ["index"]]);
});

test("an image whose bytes are all needed by private repositories frees nothing", () => {
  const mine = image("mine", ["base"]);
  assert.equal(new EvictionPlan([mine], new Map()).canFree(mine), false);
  assert.equal(new EvictionPlan([mine], cachedBytes({ base: [1, 1] })).canFree(mine), true);
});
