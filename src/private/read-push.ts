import { freeMemory } from "../foundation/free-memory.js";
import type { Digest } from "../oci/digest.js";
import { readPushedManifest } from "../oci/large-manifests.js";
import type { ManifestContent } from "../oci/manifest.js";
import type { PutManifest } from "../registry/repository.js";
import { isForgottenWhenPut } from "../storage/content/manifest-store.js";
import { digestMismatch } from "./upload-errors.js";

/** A manifest that is what its push claims. */
export interface ReadPush {
  readonly digest: Digest;
  readonly content: ManifestContent;
  readonly bytes: Buffer;
}

/**
 * Checks and parses a manifest, and stores it by the action. Afterwards, the memory of a large one is freed: V8 collects
 * garbage of all generations for every two of them, which keeps the event loop for milliseconds each time.
 * @throws RegistryError MANIFEST_INVALID or DIGEST_INVALID, or the signal's reason
 */
export async function readPush<Result>(
  { reference, bytes: received, contentType }: PutManifest,
  signal: AbortSignal,
  store: (push: ReadPush) => Promise<Result>,
): Promise<Result> {
  const { digest, content, bytes } = await readPushedManifest(received, { reference, contentType }, signal);
  try {
    if (content === undefined) throw digestMismatch(reference, digest, bytes.length);
    return await store({ digest, content, bytes });
  } finally {
    if (isForgottenWhenPut(bytes)) freeMemory(bytes);
  }
}
