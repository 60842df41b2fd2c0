import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ApiClient } from "../support/api-client.js";
import { pushImage } from "../support/api-image.js";
import { emptyConfigType, manifestOf, pushBlob, pushManifest } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { descriptorOf, pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

test("an image shows its configuration, its layers with the commands that made them, and its tags", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const image = await pushImage(client, "team/app", {
    tag: "1.0",
    layers: ["base", "app"],
    fields: { annotations: { "org.opencontainers.image.title": "an app" } },
    config: {
      os: "linux",
      architecture: "arm",
      variant: "v7",
      created: "2026-01-02T03:04:05Z",
      config: {
        Env: ["PATH=/bin"],
        Entrypoint: ["/app"],
        Cmd: ["serve"],
        WorkingDir: "/srv",
        User: "app",
        ExposedPorts: { "8080/tcp": {} },
        Labels: { "a label": "its <b>text</b>", __proto__: "x" },
      },
      history: [
        { created_by: "ADD base", created: "2026-01-01T00:00:00Z" },
        { created_by: "ENV PATH", empty_layer: true },
        { created_by: "COPY app" },
      ],
    },
  });
  await pushManifest(client, "team/app", image, "latest");
  const shown = await new ApiClient(client).get("image", { repository: "team/app", reference: "1.0" });
  assert.equal(shown.kind, "image");
  assert.equal(shown.digest, image.descriptor.digest);
  assert.deepEqual(shown.tags, ["1.0", "latest"]);
  assert.deepEqual(shown.origin, { kind: "own" });
  assert.deepEqual(shown.annotations, { "org.opencontainers.image.title": "an app" });
  assert.deepEqual(
    shown.layers.map((layer: { command: string; size: number; stored: boolean }) => [
      layer.command,
      layer.size,
      layer.stored,
    ]),
    [
      ["ADD base", 4, true],
      ["COPY app", 3, true],
    ],
  );
  assert.deepEqual(
    shown.history.map((step: { layer?: number }) => step.layer),
    [0, undefined, 1],
  );
  const { config } = shown;
  assert.deepEqual(config.platform, { os: "linux", architecture: "arm", variant: "v7" });
  assert.deepEqual([config.entrypoint, config.command, config.ports], [["/app"], ["serve"], ["8080/tcp"]]);
  assert.deepEqual(config.labels, { "a label": "its <b>text</b>" });
  assert.equal(shown.size, image.descriptor.size + config.size + 7);
  assert.equal(shown.stored, shown.size);
});

test("sizes tell what only this image needs, and a digest tells who shares it", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushImage(client, "team/app", { tag: "1", layers: ["shared with all", "only one"] });
  await pushImage(client, "team/app", { tag: "2", layers: ["shared with all"] });
  await pushImage(client, "other/app", { tag: "x", layers: ["shared with all", "another"] });
  const api = new ApiClient(client);
  const image = await api.get("image", { repository: "team/app", reference: "1" });
  const manifestSize = image.size - image.config.size - "shared with all".length - "only one".length;
  assert.equal(image.uniqueSize, manifestSize + "only one".length);
  const { items } = await api.get("holders", { digest: digestOf(Buffer.from("shared with all")) });
  assert.deepEqual(items, [
    { repository: "other/app", as: "blob" },
    { repository: "team/app", as: "blob" },
  ]);
  const same = await api.get("holders", { digest: image.digest });
  assert.deepEqual(same.items, [{ repository: "team/app", as: "manifest", tags: ["1"] }]);
  const repository = await api.get("repository", { repository: "team/app" });
  assert.equal(repository.manifests, 2);
  assert.ok(repository.uniqueSize < repository.size);
  assert.deepEqual(repository.may, ["pull", "push", "delete"]);
});

test("a large repository is shown before its content is counted, and its size follows", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const layers = Array.from({ length: 200 }, (_, index) => `layer ${index}`);
  const image = await pushImage(client, "team/large", { tag: "1", layers });
  const api = new ApiClient(client);
  const listed = await waitUntil("the tags are read", async () => {
    const { items } = await api.get("repositories", { details: "true" });
    return items[0].newestTag === undefined ? undefined : items[0];
  });
  assert.deepEqual([listed.name, listed.newestTag], ["team/large", "1"]);
  const counted = await waitUntil("the content is counted", async () => {
    const repository = await api.get("repository", { repository: "team/large" });
    return repository.isCounting === undefined ? repository : undefined;
  });
  const configSize = '{"os":"linux","architecture":"amd64"}'.length;
  const size = image.descriptor.size + configSize + layers.join("").length;
  assert.deepEqual([counted.size, counted.manifests], [size, 1]);
  await waitUntil("a list tells the size, too", async () => {
    const [item] = (await api.get("repositories", { details: "true" })).items;
    return item.size === size || undefined;
  });
});

test("an index shows its platforms and what attests them", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const platforms = ["amd64", "arm64"];
  const children = [];
  for (const architecture of platforms) {
    const config = { os: "linux", architecture };
    children.push(await pushImage(client, "team/app", { config, layers: [architecture] }));
  }
  const entries = children.map(({ descriptor }, place) => ({
    ...descriptor,
    platform: { os: "linux", architecture: platforms[place] },
  }));
  const first = children[0]?.descriptor.digest;
  const attestation = await pushImage(client, "team/app", { config: { attests: first }, layers: ["attestation"] });
  const index = manifestOf({
    mediaType: mediaTypes.ociIndex,
    manifests: [
      ...entries,
      {
        ...attestation.descriptor,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.digest": first, "vnd.docker.reference.type": "attestation-manifest" },
      },
    ],
  });
  await pushManifest(client, "team/app", index, "multi");
  const api = new ApiClient(client);
  const shown = await api.get("image", { repository: "team/app", reference: "multi" });
  assert.equal(shown.kind, "index");
  assert.deepEqual(
    shown.manifests.map((each: { platform: { architecture: string }; attests?: string }) => [
      each.platform.architecture,
      each.attests,
    ]),
    [
      ["amd64", undefined],
      ["arm64", undefined],
      ["unknown", first],
    ],
  );
  const { items } = await api.get("tags", { repository: "team/app" });
  assert.deepEqual(items[0].platforms, [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ]);
  assert.equal(items[0].size, shown.size);
});

test("tags are in natural order, the newest version first and words last, and can be searched in pages", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const image = await pushSmallImage(client, "app", "layer");
  const ordered = ["latest", "v2.0", "1.10", "1.9", "1.9-rc2", "1.9-rc1", "1", "edge", "nightly-10"];
  for (const tag of ordered.toSorted()) await pushManifest(client, "app", image, tag);
  const api = new ApiClient(client);
  const tags = async (query: Record<string, string>) => {
    const list = await api.get("tags", { repository: "app", ...query });
    return list.items.map(({ tag }: { tag: string }) => tag);
  };
  assert.deepEqual(await tags({}), ordered);
  assert.deepEqual(await tags({ order: "oldest" }), ordered.toReversed());
  assert.deepEqual(await tags({ search: "RC" }), ["1.9-rc2", "1.9-rc1"]);
  assert.deepEqual(await tags({ n: "3", last: "1.10" }), ["1.9", "1.9-rc2", "1.9-rc1"]);
});

test("referrers are listed with what they are, also those that older cosign stored by a tag", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const image = await pushSmallImage(client, "app", "layer", { tag: "1" });
  const { digest } = image.descriptor;
  const artifacts = {
    "application/vnd.dev.cosign.artifact.sig.v1+json": "signature",
    "application/spdx+json": "sbom",
    "application/vnd.in-toto+json": "attestation",
    "application/vnd.example.other": "other",
  };
  for (const artifactType of Object.keys(artifacts)) {
    await pushSmallImage(client, "app", artifactType, { fields: { artifactType, subject: image.descriptor } });
  }
  await pushSmallImage(client, "app", "old signature", { tag: `${digest.replace(":", "-")}.sig` });
  const { items } = await new ApiClient(client).get("referrers", { repository: "app", digest });
  const kinds = items.map((each: { kind: string; artifactType?: string; tag?: string }) => [
    each.tag === undefined ? each.artifactType : "by tag",
    each.kind,
  ]);
  assert.deepEqual(kinds.sort(), [...Object.entries(artifacts), ["by tag", "signature"]].sort());
});

for (const [what, config, problem] of [
  ["is no JSON", Buffer.from("no JSON {"), /not a JSON object/],
  ["is a list", Buffer.from("[1]"), /not a JSON object/],
  ["has 50 MB", Buffer.alloc(50_000_000, "a"), /50000000 bytes/],
] as const) {
  test(`an image whose configuration ${what} is shown without it, and with the reason`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    await pushImage(client, "app", { tag: "1", config });
    const api = new ApiClient(client);
    const shown = await api.get("image", { repository: "app", reference: "1" });
    assert.match(shown.config.problem, problem);
    assert.equal(shown.layers.length, 1);
    assert.deepEqual((await api.get("tags", { repository: "app" })).items[0].platforms, []);
  });
}

test("a megabyte of labels is cut, and says so", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const Labels = Object.fromEntries(Array.from({ length: 2_000 }, (_, number) => [`label-${number}`, "x".repeat(500)]));
  const odd = { Labels: { ...Labels, long: "y".repeat(100_000), "\u202egnitsil": "😀" } };
  await pushImage(client, "app", { tag: "1", config: { os: "linux", architecture: "amd64", config: odd } });
  const api = new ApiClient(client);
  const answer = await api.answer("GET", "image", { query: { repository: "app", reference: "1" } });
  assert.ok(answer.body.length < 1_000_000);
  const { config } = JSON.parse(answer.body.toString());
  assert.equal(config.isCut, true);
  assert.equal(config.labels["label-0"], "x".repeat(500));
});

test("an index of 1,000 manifests, most of them missing, is shown with what is stored", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { sparse: true } } as never);
  const child = await pushImage(client, "app", { layers: ["stored"] });
  const missing = Array.from({ length: 999 }, (_, number) =>
    descriptorOf(Buffer.from(`missing ${number}`), mediaTypes.ociManifest),
  );
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [child.descriptor, ...missing] });
  await pushManifest(client, "app", index, "1");
  const api = new ApiClient(client);
  const show = () => api.get("image", { repository: "app", reference: "1" });
  const shown = await show();
  assert.equal(shown.manifests.length, 1_000);
  assert.equal(shown.manifests.filter(({ stored }: { stored: boolean }) => stored).length, 1);
  const beginning = await api.get("image", { repository: "app", reference: "1", n: "3" });
  const entryOf = ({ digest, stored }: { digest: string; stored: boolean }) => ({ digest, stored });
  assert.deepEqual(beginning.manifests.map(entryOf), shown.manifests.slice(0, 3).map(entryOf));
  assert.equal(beginning.manifestCount, 1_000);
  // So many are read in the background.
  const counted = await waitUntil("the images are read", async () => {
    const later = await show();
    return later.isCounting === undefined ? later : undefined;
  });
  assert.ok(counted.stored < counted.size);
  assert.equal(counted.manifests.filter(({ stored }: { stored: boolean }) => stored).length, 1);
  assert.equal((await api.get("tags", { repository: "app" })).items[0].kind, "index");
});

test("a tag tells what it pointed to, since when, and to those who signed in also who moved it", async (t) => {
  const rules = [
    { allow: "pull, push", to: "authenticated" },
    { allow: "pull", to: "everyone" },
  ];
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  const first = await pushImage(client.with(basic("ann")), "team/app", { tag: "1", layers: ["one"] });
  const second = await pushImage(client.with(basic("bob")), "team/app", { tag: "1", layers: ["two"] });
  const changesFor = async (headers = {}) => {
    const shown = await new ApiClient(client, headers).get("image", { repository: "team/app", reference: "1" });
    return shown.tagChanges.map(({ kind, digest, by }: Record<string, string>) => [kind, digest, by]);
  };
  const digests = [second.descriptor.digest, first.descriptor.digest];
  assert.deepEqual(await changesFor(basic("ann")), [
    ["moved", digests[0], "bob"],
    ["moved", digests[1], "ann"],
  ]);
  assert.deepEqual(await changesFor(), [
    ["moved", digests[0], undefined],
    ["moved", digests[1], undefined],
  ]);
});

test("each image of a private repository tells when it was last pulled; a look is no pull", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushImage(client, "team/app", { tag: "1" });
  const api = new ApiClient(client);
  const pulled = async () => [
    (await api.get("tags", { repository: "team/app" })).items[0].pulledAt,
    (await api.get("image", { repository: "team/app", reference: "1" })).pulledAt,
  ];
  assert.deepEqual(await pulled(), [undefined, undefined]);
  const before = Date.now();
  await client.get("/v2/team/app/manifests/1");
  for (const time of await pulled()) assert.ok(Date.parse(time) >= before - 1_000, time);
});

test("an artifact shows the names of its files", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const blob of ["{}", "chart"]) await pushBlob(client, "chart", Buffer.from(blob));
  const annotations = { "org.opencontainers.image.title": "chart.tgz" };
  const artifact = manifestOf({
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.example.chart",
    config: descriptorOf(Buffer.from("{}"), emptyConfigType),
    layers: [{ ...descriptorOf(Buffer.from("chart"), "application/gzip"), annotations }],
  });
  await pushManifest(client, "chart", artifact, "1");
  const shown = await new ApiClient(client).get("image", { repository: "chart", reference: "1" });
  assert.deepEqual([shown.kind, shown.artifactType], ["artifact", "application/vnd.example.chart"]);
  assert.equal(shown.layers[0].title, "chart.tgz");
});

test("looking at a cached repository asks the upstream nothing and counts as no use", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const name = parseRepositoryName("library/alpine");
  fake.store.addImage(name, [Buffer.from("layer")], "latest");
  fake.store.addImage(name, [Buffer.from("not cached")], "3");
  const { client, storage } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  const api = new ApiClient(client);
  const query = { repository: "library/alpine", reference: "latest" };
  assert.equal((await api.answer("GET", "image", { query })).status, 404);
  assert.equal(fake.ledger.count({}), 0);
  const pulled = await client.get("/v2/library/alpine/manifests/latest");
  const digest = digestOf(pulled.body);
  const asked = fake.ledger.count({});
  const used = await storage.uses.lastUse(name, digest);
  const shown = await api.get("image", query);
  assert.deepEqual(shown.origin, { kind: "cached", upstream: "docker.io" });
  assert.equal(shown.layers[0].stored, false);
  assert.ok(Date.now() - Date.parse(shown.askedAt) < 60_000);
  assert.equal((await api.answer("GET", "image", { query: { ...query, reference: "3" } })).status, 404);
  const { items } = await api.get("tags", { repository: "library/alpine" });
  assert.deepEqual(
    items.map(({ tag }: { tag: string }) => tag),
    ["latest"],
  );
  assert.equal(fake.ledger.count({}), asked);
  assert.equal(await storage.uses.lastUse(name, digest), used);
});

test("what cosign attached by a tag is told as such, and is not the newest tag of its repository", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const api = new ApiClient(client);
  const image = await pushImage(client, "app", { tag: "1.0" });
  const attached = { sig: "signature", att: "attestation", sbom: "sbom" };
  const stem = image.descriptor.digest.replace(":", "-");
  for (const suffix of Object.keys(attached))
    await pushImage(client, "app", { tag: `${stem}.${suffix}`, layers: [suffix] });
  const { items } = await api.get("tags", { repository: "app" });
  const kinds = items.map(({ tag, attached }: { tag: string; attached?: string }) => [tag, attached]);
  const expected = Object.entries(attached).map(([suffix, kind]) => [`${stem}.${suffix}`, kind]);
  assert.deepEqual(new Map(kinds), new Map([["1.0", undefined], ...expected] as never));
  const repository = await api.get("repository", { repository: "app" });
  assert.equal(repository.newestTag, "1.0");
});
