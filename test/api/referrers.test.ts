import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { type ManifestToPush, manifestOf, pushManifest } from "../support/content.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, emptyConfig, pushSmallImage } from "../support/small-image.js";

const name = "team/app";
const signature = "application/vnd.example.signature.v1+json";
const configType = "application/vnd.example.config+json";

function listed(answer: Answer): Descriptor[] {
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], mediaTypes.ociIndex);
  const { schemaVersion, mediaType, manifests } = JSON.parse(answer.body.toString());
  assert.equal(schemaVersion, 2);
  assert.equal(mediaType, mediaTypes.ociIndex);
  return manifests;
}

async function referrersOf(client: RegistryClient, subject: Digest, query = ""): Promise<Descriptor[]> {
  return listed(await client.get(`/v2/${name}/referrers/${subject}${query}`));
}

/** Pushes an image that refers to another. */
function refer(
  client: RegistryClient,
  subject: Descriptor,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<ManifestToPush> {
  return pushSmallImage(client, name, "layer", { fields: { subject, ...fields } });
}

const byDigest = (one: Descriptor, other: Descriptor) => (one.digest < other.digest ? -1 : 1);

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`every kind of referrer is listed as the specification says (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    const { descriptor: subject } = await pushSmallImage(client, name, "layer", { tag: "v1" });
    const annotations = { "org.example.a": "é \u0000 ", "org.example.b": "", __proto__: undefined };
    const typed = await refer(client, subject, { artifactType: signature, annotations });
    const byConfig = await refer(client, subject, { config: descriptorOf(emptyConfig, configType) });
    const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], subject, annotations: { x: "y" } });
    const typedIndex = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], subject, artifactType: signature });
    for (const manifest of [index, typedIndex]) await pushManifest(client, name, manifest);
    const expected = [
      { ...typed.descriptor, artifactType: signature, annotations: JSON.parse(JSON.stringify(annotations)) },
      { ...byConfig.descriptor, artifactType: configType },
      { ...index.descriptor, annotations: { x: "y" } },
      { ...typedIndex.descriptor, artifactType: signature },
    ];
    assert.deepEqual(await referrersOf(client, subject.digest), expected.toSorted(byDigest));
  });
}

test("the response to a push with a subject says that it was understood, by tag and by digest, and others do not", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  const image = await refer(client, subject);
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], subject });
  const plain = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [], subject: null });
  for (const [{ bytes, descriptor }, told] of [
    [image, subject.digest],
    [index, subject.digest],
    [plain, undefined],
  ] as const) {
    for (const reference of ["v1", descriptor.digest]) {
      const headers = { "content-type": descriptor.mediaType };
      const answer = await client.request("PUT", `/v2/${name}/manifests/${reference}`, { body: bytes, headers });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers["oci-subject"], told);
    }
  }
});

test("a manifest without referrers has an empty list, whether it exists or not", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "layer");
  const unknown = digestOf(Buffer.from("unknown"));
  for (const target of [
    `${name}/referrers/${descriptor.digest}`,
    `${name}/referrers/${unknown}`,
    `no/body/referrers/${unknown}`,
  ]) {
    const answer = await client.get(`/v2/${target}`);
    assert.deepEqual(listed(answer), []);
    assert.equal(answer.headers.link, undefined);
  }
});

test("a referrer may be pushed before its subject, with any algorithm", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = Buffer.from("not there yet");
  for (const algorithm of ["sha256", "sha512"] as const) {
    const digest = digestOf(bytes, algorithm);
    const referrer = await refer(client, { mediaType: mediaTypes.ociManifest, digest, size: 13 });
    assert.deepEqual(
      (await referrersOf(client, digest)).map((found) => found.digest),
      [referrer.descriptor.digest],
    );
  }
});

test("the filter is applied to the listed type, and the response says so", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  const typed = await refer(client, subject, { artifactType: signature });
  const byConfig = await refer(client, subject, { config: descriptorOf(emptyConfig, configType) });
  for (const [type, expected] of [
    [encodeURIComponent(signature), [typed]],
    [signature, [typed]],
    [encodeURIComponent(configType), [byConfig]],
    ["application/vnd.example.signature.v1", []],
    ["%25", []],
    ["__proto__", []],
  ] as const) {
    const answer = await client.get(`/v2/${name}/referrers/${subject.digest}?artifactType=${type}`);
    assert.equal(answer.headers["oci-filters-applied"], "artifactType");
    assert.deepEqual(
      listed(answer).map(({ digest }) => digest),
      expected.map(({ descriptor }) => descriptor.digest),
      type,
    );
  }
  const all = await client.get(`/v2/${name}/referrers/${subject.digest}?artifactType=`);
  assert.equal(all.headers["oci-filters-applied"], undefined);
  assert.equal(listed(all).length, 2);
});

test("a referrer is listed in its own repository only", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  await refer(client, subject);
  for (const other of ["team", "team/app/sub", "team/other"]) {
    await pushSmallImage(client, other, "layer");
    assert.deepEqual(listed(await client.get(`/v2/${other}/referrers/${subject.digest}`)), []);
  }
});

test("a deleted referrer is gone from the list at once, and back when it is pushed again", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  for (let round = 0; round < 3; round++) {
    const { descriptor } = await refer(client, subject);
    assert.equal((await referrersOf(client, subject.digest)).length, 1);
    await client.request("DELETE", `/v2/${name}/manifests/${descriptor.digest}`);
    assert.deepEqual(await referrersOf(client, subject.digest), []);
  }
});

test("referrers survive the deletion of the tag and the manifest that they refer to", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer", { tag: "v1" });
  const { descriptor } = await refer(client, subject);
  for (const reference of ["v1", subject.digest]) {
    await client.request("DELETE", `/v2/${name}/manifests/${reference}`);
    assert.deepEqual(
      (await referrersOf(client, subject.digest)).map(({ digest }) => digest),
      [descriptor.digest],
    );
  }
});

test("what older clients listed under a tag of the subject's digest is listed too, and once", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  const first = await refer(client, subject, { artifactType: signature });
  const second = await refer(client, subject, { artifactType: configType });
  const stranger = await pushSmallImage(client, name, "stranger");
  const list = [first, stranger, second].map(({ descriptor }) => descriptor);
  const fallback = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: list });
  await pushManifest(client, name, fallback, subject.digest.replace(":", "-"));
  const expected = [first.descriptor.digest, second.descriptor.digest].sort();
  assert.deepEqual(
    (await referrersOf(client, subject.digest)).map(({ digest }) => digest),
    expected,
  );
});

test("a tag that only looks like a list of referrers does no harm", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  await pushSmallImage(client, name, "other", { tag: subject.digest.replace(":", "-") });
  assert.deepEqual(await referrersOf(client, subject.digest), []);
});

test("a manifest cannot refer to itself, and loops through absent subjects are listed one step at a time", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const first = { mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from("a guess")), size: 1 };
  const second = (await refer(client, first)).descriptor;
  const third = (await refer(client, second)).descriptor;
  assert.deepEqual(
    (await referrersOf(client, first.digest)).map(({ digest }) => digest),
    [second.digest],
  );
  assert.deepEqual(
    (await referrersOf(client, second.digest)).map(({ digest }) => digest),
    [third.digest],
  );
  assert.deepEqual(await referrersOf(client, third.digest), []);
});

test("a list too large for one response is served in pages of at most 4 MiB that keep the filter", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const { descriptor: subject } = await pushSmallImage(client, name, "layer");
  const pushed: Digest[] = [];
  for (let number = 0; number < 9; number++) {
    const annotations = { large: String(number).repeat(1_000_000) };
    const artifactType = number === 4 ? configType : signature;
    const { descriptor } = await refer(client, subject, { artifactType, annotations });
    if (number !== 4) pushed.push(descriptor.digest);
  }
  const seen: Digest[] = [];
  let pages = 0;
  const first = `/v2/${name}/referrers/${subject.digest}?artifactType=${encodeURIComponent(signature)}`;
  for (let next: string | undefined = first; next !== undefined; pages++) {
    const answer: Answer = await client.get(next);
    assert.ok(answer.body.length <= 4 * 1024 * 1024, `${answer.body.length} bytes`);
    assert.equal(answer.headers["oci-filters-applied"], "artifactType");
    seen.push(...listed(answer).map(({ digest }) => digest));
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.link ?? "")?.[1];
  }
  assert.deepEqual(seen, pushed.sort());
  assert.ok(pages >= 2 && pages <= 5, `${pages} pages`);
});

test("a page that does not begin after a digest is refused", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const target = `/v2/${name}/referrers/${digestOf(Buffer.from("x"))}`;
  for (const last of ["x", "", "sha256:x"]) {
    const answer = await client.get(`${target}?last=${last}`);
    assert.equal(answer.status, 400, last);
    assert.equal(errorCodeOf(answer), "DIGEST_INVALID");
  }
});
