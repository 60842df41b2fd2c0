import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { emptyConfigType, layerType } from "../support/content.js";
import { answer } from "../support/fake-upstream/faults.js";
import { jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { watchParsedJson } from "../support/parsed-json.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

/** The event loop parses what is smaller; what is larger it gets in pieces from a thread. */
const mostAtOnce = 256 * 1024;

const name = parseRepositoryName("team/app");
const subject = descriptorOf(0, mediaTypes.ociManifest);

function descriptorOf(number: number, mediaType = layerType) {
  return { mediaType, digest: `sha256:${number.toString(16).padStart(64, "0")}`, size: 1_000 + number };
}

/** An image manifest of 3.6 MB. */
function largeManifest(fields: object = {}) {
  const layers = Array.from({ length: 22_000 }, (_, number) => descriptorOf(number + 1));
  const config = descriptorOf(1, emptyConfigType);
  return { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers, ...fields };
}

test("a manifest at the size limit is pushed and pulled, and its JSON is parsed by a thread", async (t) => {
  const scope = new Scope(t);
  const options = { private: { sparse: true } };
  const first = await runBerthOnDisk(scope, options);
  const body = Buffer.from(JSON.stringify(largeManifest({ subject })));
  const path = `/v2/${name}/manifests/${digestOf(body)}`;
  const parsed = watchParsedJson(scope);
  assert.equal((await first.client.request("PUT", path, { body })).status, 201);
  // Another server on the same storage remembers nothing of it.
  const { client } = await runBerthOnDisk(scope, { ...options, root: first.root });
  const pulled = await client.get(path);
  assert.equal(pulled.headers["content-type"], mediaTypes.ociManifest);
  assert.ok(pulled.body.equals(body));
  assert.equal((await client.request("DELETE", path)).status, 202);
  assert.ok(parsed.longest < mostAtOnce, `${parsed.longest} characters of JSON at once`);
});

test("a large manifest is refused for the same reasons as a small one", async (t) => {
  const scope = new Scope(t);
  const { client } = await runBerthOnDisk(scope);
  const data = Buffer.from("not its content").toString("base64");
  const layers = [{ ...descriptorOf(1), data, size: 15 }];
  for (const [what, body, code] of [
    ["absent content", JSON.stringify(largeManifest()), "MANIFEST_BLOB_UNKNOWN"],
    ["no JSON", `{"x":"${"x".repeat(400_000)}"`, "MANIFEST_INVALID"],
    ["a repeated key", `{"x":"${"x".repeat(400_000)}","x":1}`, "MANIFEST_INVALID"],
    [
      "data of other content",
      JSON.stringify(largeManifest({ layers, annotations: { a: "a".repeat(400_000) } })),
      "MANIFEST_INVALID",
    ],
  ] as const) {
    const refused = await client.request("PUT", `/v2/${name}/manifests/t`, { body });
    assert.equal(refused.status, 400, what);
    assert.equal(JSON.parse(refused.body.toString()).errors[0].code, code, what);
  }
  const wrong = await client.request("PUT", `/v2/${name}/manifests/${descriptorOf(1).digest}`, {
    body: JSON.stringify(largeManifest()),
  });
  assert.match(wrong.body.toString(), /DIGEST_INVALID/);
});

test("a large manifest of an upstream is parsed by a thread", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor, bytes } = fake.store.addManifest(name, largeManifest(), "latest");
  const { client } = await runProxy(scope, fake.url);
  const parsed = watchParsedJson(scope);
  for (const reference of ["latest", descriptor.digest]) {
    const pulled = await client.get(`/v2/${name}/manifests/${reference}`);
    assert.ok(pulled.body.equals(bytes), pulled.body.toString().slice(0, 300));
  }
  assert.ok(parsed.longest < mostAtOnce, `${parsed.longest} characters of JSON at once`);
});

test("large lists of an upstream are parsed by a thread", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url);
  const referrers = Array.from({ length: 30_000 }, (_, number) => descriptorOf(number + 1, mediaTypes.ociManifest));
  const tags = Array.from({ length: 90_000 }, (_, number) => `tag-${number}-${"x".repeat(60)}`);
  fake.faults.add({ kind: "referrers" }, answer(jsonReply(200, { schemaVersion: 2, manifests: referrers })));
  fake.faults.add({ kind: "tags" }, answer(jsonReply(200, { name, tags })));
  const parsed = watchParsedJson(scope);
  const lists = [];
  for (let next = `/v2/${name}/referrers/${subject.digest}`; next !== ""; ) {
    const page = await client.get(next);
    lists.push(page);
    next = /<([^>]+)>/.exec(String(page.headers.link ?? ""))?.[1] ?? "";
  }
  const listed = await client.get(`/v2/${name}/tags/list`);
  assert.ok(parsed.longest < mostAtOnce, `${parsed.longest} characters of JSON at once`);
  assert.equal(lists.length, 2, "the referrers are in pages");
  const digests = lists.flatMap(({ body }) => JSON.parse(body.toString()).manifests).map(({ digest }) => digest);
  assert.deepEqual(digests, referrers.map(({ digest }) => digest).sort());
  assert.deepEqual(JSON.parse(listed.body.toString()).tags, tags.sort());
});
