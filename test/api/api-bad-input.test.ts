import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { ApiClient } from "../support/api-client.js";
import { pushImage } from "../support/api-image.js";
import { manifestOf, pushManifest } from "../support/content.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { descriptorOf } from "../support/small-image.js";

const oddTexts = [
  "<img src=x onerror=alert(1)>",
  "\u202egnp.exe",
  "😀",
  "'",
  '"',
  "%",
  ".*",
  "..",
  "a\u0000b",
  "\ud800",
];
const longText = "x".repeat(1_000_000);

test("names, tags and digests with markup, marks, emoji or a megabyte are refused, and shown to nobody", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushImage(client, "app", { tag: "1" });
  const api = new ApiClient(client);
  for (const text of [...oddTexts, "x".repeat(5_000)]) {
    const queries = [
      ["repository", { repository: text }],
      ["tags", { repository: text }],
      ["image", { repository: "app", reference: text }],
      ["image", { repository: text, reference: "1" }],
      ["referrers", { repository: "app", digest: text }],
      ["holders", { digest: text }],
    ] as const;
    for (const [path, query] of queries) {
      const { status, body } = await api.answer("GET", path, { query });
      assert.equal(status, 400, `${path} ${JSON.stringify(query).slice(0, 60)}`);
      assert.ok(body.length < 20_000, path);
    }
    for (const body of [
      { repository: text, everything: true },
      { repository: "app", tags: [text] },
    ])
      assert.equal((await api.answer("POST", "deletions", { body })).status, 400, text.slice(0, 20));
  }
  // As a whole, it is too long to be read.
  const answer = await api.answer("POST", "deletions", { body: { repository: longText, everything: true } });
  assert.ok([400, 413].includes(answer.status), String(answer.status));
});

test("a search is a text, whatever it contains", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushImage(client, "app", { tag: "1" });
  const api = new ApiClient(client);
  for (const search of oddTexts) {
    assert.deepEqual((await api.get("repositories", { search })).items, [], search);
    assert.deepEqual((await api.get("tags", { repository: "app", search })).items, [], search);
  }
});

test("histories and annotations of megabytes are cut, and odd texts in them stay as they are", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const history = [
    ...oddTexts.map((created_by) => ({ created_by, comment: created_by, empty_layer: true })),
    { created_by: "y".repeat(1_000_000) },
    ...Array.from({ length: 5_000 }, () => ({ created_by: "RUN true", empty_layer: true })),
    "no object",
    { created_by: 7, comment: null },
  ];
  const annotations = { title: oddTexts[0], turned: oddTexts[1], long: "z".repeat(1_000_000) };
  const config = { os: "linux", architecture: "amd64", history };
  await pushImage(client, "app", { tag: "1", config, fields: { annotations } });
  const answer = await new ApiClient(client).answer("GET", "image", { query: { repository: "app", reference: "1" } });
  assert.equal(answer.status, 200);
  assert.ok(answer.body.length < 600_000, String(answer.body.length));
  const shown = JSON.parse(answer.body.toString());
  assert.equal(shown.history.length, 1_000);
  assert.equal(shown.history[0].command, oddTexts[0]);
  assert.equal(shown.history[oddTexts.length].layer, 0);
  assert.ok(shown.layers[0].command.length < 10_000);
  assert.deepEqual([shown.annotations.title, shown.annotations.turned], [oddTexts[0], oddTexts[1]]);
});

test("indexes that name each other, as no digest can but a damaged disk may, are shown and can be deleted", async (t) => {
  const { client, root } = await runBerthOnDisk(new Scope(t));
  const indexes = ["sha256:one", "sha256:two"].map(
    (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`,
  );
  const [first = "", second = ""] = indexes;
  for (const [digest, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const entry = { mediaType: mediaTypes.ociIndex, digest: other, size: 300 };
    const content = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] });
    const hex = digest.slice("sha256:".length);
    const links = [`repositories/app/_manifests/revisions/sha256/${hex}/link`];
    if (digest === first) links.push("repositories/app/_manifests/tags/1/current/link");
    await place(root, `blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, content);
    for (const link of links) await place(root, link, digest);
  }
  const api = new ApiClient(client);
  for (const [path, query] of [
    ["image", { repository: "app", reference: "1" }],
    ["tags", { repository: "app" }],
    ["repository", { repository: "app" }],
    ["repositories", { details: "true" }],
  ] as const) {
    const { status } = await api.answer("GET", path, { query });
    assert.ok(status === 200 || status === 404, `${path}: ${status}`);
  }
  const plan = await api.answer("POST", "deletions", { body: { repository: "app", everything: true } });
  assert.ok(plan.status < 500, String(plan.status));
});

test("an index whose manifests are all missing is shown with what it says, and counts as not stored", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { sparse: true } } as never);
  const missing = ["amd64", "arm64"].map((architecture) => ({
    ...descriptorOf(Buffer.from(architecture), mediaTypes.ociManifest),
    platform: { os: "linux", architecture },
  }));
  await pushManifest(client, "app", manifestOf({ mediaType: mediaTypes.ociIndex, manifests: missing }), "1");
  const api = new ApiClient(client);
  const shown = await api.get("image", { repository: "app", reference: "1" });
  assert.deepEqual(
    shown.manifests.map(({ stored, platform }: { stored: boolean; platform: { architecture: string } }) => [
      platform.architecture,
      stored,
    ]),
    [
      ["amd64", false],
      ["arm64", false],
    ],
  );
  const child = { repository: "app", reference: missing[0]?.digest ?? "" };
  assert.equal((await api.answer("GET", "image", { query: child })).status, 404);
});

async function place(root: string, key: string, content: string): Promise<void> {
  const file = join(root, "docker/registry/v2", key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
