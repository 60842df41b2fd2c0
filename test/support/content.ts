import { strict as assert } from "node:assert";
import { createCipheriv, createHash } from "node:crypto";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf, isDigest } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { type Answer, locationOf, type RegistryClient } from "./registry-client.js";

export const emptyConfigType = "application/vnd.oci.empty.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const accept = Object.values(mediaTypes).join(", ");

/** A manifest with its descriptor, as it is pushed. */
export interface ManifestToPush {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Bytes that look random and are the same for the same seed. */
export function seededBytes(seed: string, size: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** A manifest of the media type in `content`, ready to be pushed. */
export function manifestOf(
  content: { mediaType: string; [field: string]: unknown },
  algorithm?: DigestAlgorithm,
): ManifestToPush {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
  const descriptor = { mediaType: content.mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
  return { descriptor, bytes };
}

/** Pushes a blob by POST and PUT. */
export async function pushBlob(
  client: RegistryClient,
  name: string,
  bytes: Buffer,
  digest: Digest = digestOf(bytes),
): Promise<void> {
  const started = await client.request("POST", `/v2/${name}/blobs/uploads/`);
  expectStatus(started, 202, `start of an upload to ${name}`);
  await finishUpload(client, started, bytes, digest);
}

/** Sends a whole blob to the session that an answer has started. */
export async function finishUpload(
  client: RegistryClient,
  started: Answer,
  bytes: Buffer,
  digest: Digest,
): Promise<void> {
  const finished = await client.request("PUT", locationOf(started, `digest=${digest}`), { body: bytes });
  expectStatus(finished, 201, `push of the blob ${digest} to ${started.headers.location}`);
}

/** Pushes a manifest, by its digest unless a tag is given. */
export async function pushManifest(
  client: RegistryClient,
  name: string,
  manifest: ManifestToPush,
  reference: string = manifest.descriptor.digest,
): Promise<void> {
  const answer = await client.request("PUT", `/v2/${name}/manifests/${reference}`, {
    body: manifest.bytes,
    headers: { "content-type": manifest.descriptor.mediaType },
  });
  expectStatus(answer, 201, `push of the manifest ${reference} to ${name}`);
}

/** Pulls a manifest and verifies its bytes by its digest. */
export async function pullManifest(
  client: RegistryClient,
  name: string,
  reference: string,
): Promise<{ digest: Digest; mediaType: string | undefined; bytes: Buffer }> {
  const answer = await client.get(`/v2/${name}/manifests/${reference}`, { accept });
  expectStatus(answer, 200, `pull of the manifest ${reference} from ${name}`);
  const digest = verified(answer, isDigest(reference) ? reference : undefined);
  return { digest, mediaType: answer.headers["content-type"], bytes: answer.body };
}

/** Pulls a manifest and everything that it references, verifies each by its digest, and returns the digests. */
export async function pullWhole(client: RegistryClient, name: string, reference: string): Promise<Digest[]> {
  const { digest, bytes } = await pullManifest(client, name, reference);
  const { manifests = [], config, layers = [] } = JSON.parse(bytes.toString());
  const pulled: Digest[] = [digest];
  for (const child of manifests) pulled.push(...(await pullWhole(client, name, child.digest)));
  for (const blob of config ? [config, ...layers] : layers) {
    await pullBlob(client, name, blob.digest);
    pulled.push(blob.digest);
  }
  return pulled;
}

/** Pulls a blob and verifies its bytes by its digest. */
export async function pullBlob(client: RegistryClient, name: string, digest: Digest): Promise<void> {
  const answer = await client.get(`/v2/${name}/blobs/${digest}`);
  expectStatus(answer, 200, `pull of the blob ${digest} from ${name}`);
  verified(answer, digest);
}

/** All tags of a repository; none if there is no such repository. */
export async function listTags(client: RegistryClient, name: string): Promise<string[]> {
  const answer = await client.get(`/v2/${name}/tags/list`);
  if (answer.status === 404) return [];
  expectStatus(answer, 200, `tags of ${name}`);
  return JSON.parse(answer.body.toString()).tags ?? [];
}

export function expectStatus(answer: Answer, status: number, what: string): void {
  assert.equal(answer.status, status, `${what}: ${answer.status} ${answer.body.toString().slice(0, 500)}`);
}

/**
 * The digest of the response's bytes, after comparing it with the requested one, or else with the response's header.
 */
function verified(answer: Answer, asked?: Digest): Digest {
  const expected = asked ?? answer.headers["docker-content-digest"] ?? "";
  if (!isDigest(expected)) throw new Error(`no digest: "${expected}"`);
  assert.equal(digestOf(answer.body, algorithmOf(expected)), expected, "the bytes are not those of the digest");
  return expected;
}
