import { strict as assert } from "node:assert";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { expectStatus, layerType, manifestOf, pushManifest, seededBytes } from "./content.js";
import { locationOf, type RegistryClient } from "./registry-client.js";
import { startUpload } from "./upload.js";

/** What a registry was sent, and what it acknowledged, to compare with what is there after a crash. */
export interface PushLog {
  /** Tags that were acknowledged with 201, the last one last. */
  readonly images: { readonly name: string; readonly tag: string; readonly digest: Digest }[];
  /** Blobs that were acknowledged with 201. */
  readonly blobs: { readonly name: string; readonly digest: Digest }[];
  /** Blobs that were sent at least in part. */
  readonly begun: { readonly name: string; readonly digest: Digest }[];
  /** Sessions that are still open, and the bytes of each that were acknowledged with 202. */
  readonly sessions: Map<string, { name: string; bytes: Buffer; acknowledged: number; isClosing: boolean }>;
}

export function emptyPushLog(): PushLog {
  return { images: [], blobs: [], begun: [], sessions: new Map() };
}

export interface Pusher {
  readonly client: RegistryClient;
  readonly name: string;
  readonly log: PushLog;
  /** Called before each request and between the parts of a body, where the registry may die. */
  readonly step: () => void;
}

/** Pushes images, each with a layer shared by all and some of its own, until the registry dies. */
export async function pushUntilItDies(pusher: Pusher, seed: string): Promise<void> {
  for (let number = 0; ; number++) {
    try {
      await pushImage(pusher, `${seed}-${number}`);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function pushImage(pusher: Pusher, tag: string): Promise<void> {
  const { client, name, log, step } = pusher;
  const config = Buffer.from(JSON.stringify({ os: "linux", tag }));
  const layers = [
    seededBytes("shared by all", 300_000),
    seededBytes(tag, 1000),
    seededBytes(`${tag} large`, 2_500_000),
  ];
  for (const bytes of [config, ...layers]) await pushInChunks(pusher, bytes);
  const describe = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = manifestOf({
    mediaType: mediaTypes.ociManifest,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: layers.map((layer) => describe(layerType, layer)),
  });
  for (const reference of [tag, "latest"]) {
    step();
    await pushManifest(client, name, manifest, reference);
    log.images.push({ name, tag: reference, digest: manifest.descriptor.digest });
  }
}

/** Two chunks, the second streamed, then the closing request. */
async function pushInChunks({ client, name, log, step }: Pusher, bytes: Buffer): Promise<void> {
  const digest = digestOf(bytes);
  const middle = bytes.length >> 1;
  step();
  const session = await startUpload(client, name);
  const state = { name, bytes, acknowledged: 0, isClosing: false };
  log.sessions.set(session, state);
  log.begun.push({ name, digest });

  step();
  const headers = { "content-range": `0-${middle - 1}` };
  const first = await client.request("PATCH", session, { body: bytes.subarray(0, middle), headers });
  expectStatus(first, 202, "first chunk");
  state.acknowledged = middle;

  const second = client.start("PATCH", locationOf(first));
  await second.send(bytes.subarray(middle, middle + (middle >> 1)));
  step();
  await second.send(bytes.subarray(middle + (middle >> 1)));
  const appended = await second.end();
  expectStatus(appended, 202, "second chunk");
  state.acknowledged = bytes.length;

  step();
  state.isClosing = true;
  expectStatus(await client.request("PUT", locationOf(appended, `digest=${digest}`)), 201, "end of the upload");
  log.sessions.delete(session);
  log.blobs.push({ name, digest });
}
