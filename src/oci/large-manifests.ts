import { BackgroundThread } from "../foundation/background-thread.js";
import { freeMemory } from "../foundation/free-memory.js";
import type { TextPieces } from "../foundation/text-pieces.js";
import type { Digest } from "./digest.js";
import { RegistryError } from "./errors.js";
import type { ManifestContent } from "./manifest.js";
import type { ManifestNames } from "./manifest-names.js";
import type { ManifestReading } from "./manifest-reading.js";
import type { ManifestBounds } from "./manifest-scan.js";
import { type ManifestJob, type ManifestTasks, manifestTasks, type ReceivedManifest } from "./manifest-tasks.js";
import { unpackFacts } from "./packed-facts.js";
import type { PushClaims } from "./pushed-manifest.js";

/*
 * Manifests of any size, of which only small ones are parsed on the event loop. To hash, scan and parse one of 4 MiB
 * takes some 50 ms, which no other request should wait for; that is done in a thread, one manifest at a time.
 */

/** Up to this size a manifest takes a few milliseconds. Hardly any is larger. */
const smallBytes = 128 * 1024;

const thread = new BackgroundThread<ManifestJob, TextPieces | undefined>(
  new URL("./manifest-thread.js", import.meta.url),
);

/**
 * Checks and parses a manifest that a client pushes.
 * @param bytes of a refused manifest are of no use to anyone: their memory is freed
 * @returns its digest, and its content unless the digest is not the expected one
 * @throws RegistryError MANIFEST_INVALID, or the signal's reason
 */
export async function readPushedManifest(
  bytes: Buffer,
  claims: PushClaims,
  signal: AbortSignal,
): Promise<{ readonly digest: Digest; readonly content?: ManifestContent }> {
  const { refusal, ...found } = await perform("examinePushed", bytes, claims, signal);
  if (refusal === undefined) return found;
  freeMemory(bytes);
  throw new RegistryError("MANIFEST_INVALID", refusal.message, { detail: refusal.detail });
}

/** Reads a manifest that is stored. `undefined` if it is not a JSON object. */
export async function readAnyManifest(bytes: Buffer): Promise<ManifestReading | undefined> {
  return perform("readManifest", bytes, undefined);
}

/** Reads a manifest that an upstream sent, unless it exceeds the bounds. */
export async function readReceivedManifest(bytes: Buffer, bounds: ManifestBounds): Promise<ReceivedManifest> {
  return perform("readReceived", bytes, bounds);
}

/** What must be kept as long as a manifest. `undefined` if that cannot be determined. */
export async function namesInAnyManifest(bytes: Buffer): Promise<ManifestNames | undefined> {
  return perform("namesInManifest", bytes, undefined);
}

async function perform<Task extends keyof ManifestTasks>(
  task: Task,
  bytes: Buffer,
  options: Parameters<ManifestTasks[Task]>[1],
  signal?: AbortSignal,
): Promise<ReturnType<ManifestTasks[Task]>> {
  // The compiler does not see that a task's own options fit it.
  if (bytes.length <= smallBytes)
    return manifestTasks[task](bytes, options as never) as ReturnType<ManifestTasks[Task]>;
  const copy = new Uint8Array(bytes);
  const facts = await thread.run({ content: { task, bytes: copy, options }, memory: [copy.buffer] }, signal);
  // The thread packed what the task returns.
  return (facts && (await unpackFacts(facts))) as ReturnType<ManifestTasks[Task]>;
}
