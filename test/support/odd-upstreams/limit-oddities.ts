import { strict as assert } from "node:assert";
import type { Digest } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { seededBytes } from "../content.js";
import { drip, type Fault, lateBy, limited, redirectTo } from "../fake-upstream/faults.js";
import type { Reply } from "../fake-upstream/reply.js";
import type { RegistryClient } from "../registry-client.js";
import type { Attempt, OddImage, Oddity } from "./oddity.js";

const hour = 3_600;
/** How long a client waits for headers: a tenth of containerd's 30 s, as `answer` is a tenth of Berth's default. */
const patienceMs = 3_000;
const slowLayerSize = 40;
const quick = { timeouts: { answer: "2500ms" } };

/** Registries that limit, are slow, or list in pages. */
export const limitOddities: readonly Oddity[] = [
  {
    title: "referrers are redirected to a host that refuses everything with 429 for an hour (GHCR)",
    arrange: (upstream) => {
      upstream.faults.add({ host: "registry", kind: "referrers" }, redirectTo(`${upstream.cdnOrigin}/packages`, 303));
      upstream.faults.add({ host: "cdn" }, limited(hour));
      return undefined;
    },
    attempt: askThenPull((image) => `/v2/${image.name}/referrers/${image.digest}`),
  },
  {
    title: "tag lists are refused with 429 for an hour",
    arrange: (upstream) => {
      upstream.faults.add({ kind: "tags" }, limited(hour));
      return undefined;
    },
    attempt: askThenPull((image) => `/v2/${image.name}/tags/list`),
  },
  {
    title: "the blob host refuses one blob with 429 for an hour; manifests are still served",
    notForClients: true,
    arrange: (upstream) => {
      upstream.redirectBlobs();
      upstream.faults.add({ host: "cdn" }, limited(hour));
      return undefined;
    },
    attempt: async ({ client, images: [first, ...others] }) => {
      for (const digest of first?.blobs.keys() ?? []) await client.get(`/v2/${first?.name}/blobs/${digest}`);
      for (const image of others) await expectManifest(client, image);
    },
  },
  {
    title: "40 concurrent layers of 4 s each",
    notForClients: true,
    settings: quick,
    extraLayers: (unique) => Array.from({ length: 40 }, (_, at) => seededBytes(`${unique} ${at}`, slowLayerSize)),
    arrange: (upstream) => {
      const slowly = drip(100);
      upstream.faults.add({ kind: "blob", method: "GET" }, (reply, request) =>
        reply.body.size === slowLayerSize ? slowly(reply, request) : reply,
      );
      return undefined;
    },
    attempt: async ({ client, images: [image] }) => {
      await Promise.all([...(image?.blobs ?? [])].map(([digest, bytes]) => expectBlob(client, image, digest, bytes)));
    },
  },
  {
    title: "the headers of a layer arrive after 5 s, and clients wait for 3 s, then retry (virus scan)",
    notForClients: true,
    settings: quick,
    arrange: (upstream) => {
      upstream.faults.add({ kind: "blob", method: "GET" }, lateBy(5_000));
      return undefined;
    },
    attempt: ({ client, images: [image] }) => untilAllCame(client, image, 4),
  },
  lists("internal host", (link) => link.replace("</", "<http://registry.internal:8080/")),
  lists("another scheme", (link) => link.replace("</", "<https://127.0.0.1/")),
  lists("a path escaped by %2F", (link) => link.replace("/v2/", "/v2%2F")),
  {
    title: "a tag list has 12 pages of half a second each",
    notForClients: true,
    settings: quick,
    arrange: (upstream) => {
      upstream.habits.tagsPerPage = 1;
      upstream.faults.add({ kind: "tags" }, lateBy(500));
      return undefined;
    },
    attempt: (attempt) => expectTags(attempt, 12),
  },
];

function lists(what: string, change: (link: string) => string): Oddity {
  const relink: Fault = (reply: Reply) => {
    const { link } = reply.headers;
    return link === undefined ? reply : { ...reply, headers: { ...reply.headers, link: change(link) } };
  };
  return {
    title: `the Link to the next page of tags has ${what}`,
    notForClients: true,
    arrange: (upstream) => {
      upstream.habits.tagsPerPage = 2;
      upstream.faults.add({ kind: "tags" }, relink);
      return undefined;
    },
    attempt: (attempt) => expectTags(attempt, 5),
  };
}

/** The response does not matter; what comes after it does. */
function askThenPull(path: (image: OddImage) => string): (attempt: Attempt) => Promise<void> {
  return async ({ client, images, pull }) => {
    for (const image of images) {
      await pull(image);
      await client.get(path(image));
    }
  };
}

/** Follows `Link` as clients do. */
async function expectTags({ client, upstream, images: [image] }: Attempt, count: number): Promise<void> {
  assert.ok(image);
  const expected = Array.from({ length: count }, (_, at) => `v${at + 1}`).sort();
  for (const tag of expected) upstream.store.tag(image.nameThere, tag, image.digest);
  const listed: string[] = [];
  for (let path = `/v2/${image.name}/tags/list`; path !== ""; ) {
    const answer = await client.get(path);
    assert.equal(answer.status, 200, `tags: ${answer.status}`);
    listed.push(...(JSON.parse(answer.body.toString()).tags ?? []));
    const [, next = ""] = /<([^>]+)>/.exec(answer.headers.link ?? "") ?? [];
    path = next.replace(/^https?:\/\/[^/]+/, "");
  }
  assert.deepEqual(listed, expected, `tags: ${listed.length} of ${count}`);
}

async function expectManifest(client: RegistryClient, image: OddImage): Promise<void> {
  const answer = await client.get(`/v2/${image.name}/manifests/v1`, { accept: mediaTypes.ociManifest });
  assert.ok(answer.body.equals(image.manifest), `manifest: ${answer.status}`);
}

async function expectBlob(client: RegistryClient, image: OddImage | undefined, digest: Digest, bytes: Buffer) {
  const answer = await client.get(`/v2/${image?.name}/blobs/${digest}`);
  assert.ok(answer.body.equals(bytes), `blob: ${answer.status}`);
}

/** Requests each blob until it arrives, as patiently as a client. */
async function untilAllCame(client: RegistryClient, image: OddImage | undefined, tries: number): Promise<void> {
  for (const [digest, bytes] of image?.blobs ?? []) {
    const came = async () => {
      try {
        const signal = AbortSignal.timeout(patienceMs);
        const { body } = await client.request("GET", `/v2/${image?.name}/blobs/${digest}`, { signal });
        return body.equals(bytes);
      } catch {
        return false;
      }
    };
    let isHere = false;
    for (let left = tries; left > 0 && !isHere; left -= 1) isHere = await came();
    assert.ok(isHere, `blob: not after ${tries} times ${patienceMs / 1000} s`);
  }
}
