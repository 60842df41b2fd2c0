import { BackgroundThread } from "../foundation/background-thread.js";
import { freeMemory } from "../foundation/free-memory.js";
import type { Digest } from "./digest.js";
import { RegistryError } from "./errors.js";
import type { ManifestContent } from "./manifest.js";
import type { ManifestNames } from "./manifest-names.js";
import type { ManifestReading } from "./manifest-reading.js";
import type { ManifestBounds } from "./manifest-scan.js";
import {
  type ManifestFindings,
  type ManifestJob,
  type ManifestTasks,
  manifestTasks,
  type ReceivedManifest,
} from "./manifest-tasks.js";
import { unpackFacts } from "./packed-facts.js";
import type { PushClaims } from "./pushed-manifest.js";

/*
 * Manifests of any size, of which only small ones are parsed on the event loop. To hash, scan and parse one of 4 MiB
 * takes some 50 ms, which no other request should wait for; that is done in a thread, one manifest at a time.
 */

/** Up to this size a manifest takes a few milliseconds. Hardly any is larger. */
const smallBytes = 128 * 1024;

const thread = new BackgroundThread<ManifestJob, ManifestFindings>(new URL("./manifest-thread.js", import.meta.url));

/** What was found in a manifest that a client pushes. */
export interface ReadManifest {
  readonly digest: Digest;
  /** Missing if the digest is not the expected one. */
  readonly content?: ManifestContent;
  /** The same bytes. If the manifest is large, they were moved to the thread and back, and the argument is empty now. */
  readonly bytes: Buffer;
}

/**
 * Checks and parses a manifest that a client pushes.
 * @param bytes are not used by anyone else; of a refused manifest, their memory is freed
 * @throws RegistryError MANIFEST_INVALID, or the signal's reason
 */
export async function readPushedManifest(
  bytes: Buffer,
  claims: PushClaims,
  signal: AbortSignal,
): Promise<ReadManifest> {
  const { result, bytes: same } = isSmall(bytes)
    ? { result: manifestTasks.examinePushed(bytes, claims), bytes }
    : await inThread("examinePushed", bytes, claims, signal);
  const { refusal, ...found } = result;
  if (refusal === undefined) return { ...found, bytes: same };
  freeMemory(same);
  throw new RegistryError("MANIFEST_INVALID", refusal.message, { detail: refusal.detail });
}

/** Reads a manifest that is stored. `undefined` if it is not a JSON object. */
export async function readAnyManifest(bytes: Buffer): Promise<ManifestReading | undefined> {
  return onCopy("readManifest", bytes, undefined);
}

/** Reads a manifest that an upstream sent, unless it exceeds the bounds. */
export async function readReceivedManifest(bytes: Buffer, bounds: ManifestBounds): Promise<ReceivedManifest> {
  return onCopy("readReceived", bytes, bounds);
}

/** What must be kept as long as a manifest. `undefined` if that cannot be determined. */
export async function namesInAnyManifest(bytes: Buffer): Promise<ManifestNames | undefined> {
  return onCopy("namesInManifest", bytes, undefined);
}

function isSmall({ length }: Buffer): boolean {
  return length <= smallBytes;
}

/** For bytes that others use: the thread gets a copy. */
async function onCopy<Task extends keyof ManifestTasks>(
  task: Task,
  bytes: Buffer,
  options: Parameters<ManifestTasks[Task]>[1],
): Promise<ReturnType<ManifestTasks[Task]>> {
  // The compiler does not see that a task's own options fit it.
  if (isSmall(bytes)) return manifestTasks[task](bytes, options as never) as ReturnType<ManifestTasks[Task]>;
  const { result, bytes: copy } = await inThread(task, Buffer.from(bytes), options);
  freeMemory(copy);
  return result;
}

/** @param bytes are moved to the thread, and back */
async function inThread<Task extends keyof ManifestTasks>(
  task: Task,
  bytes: Buffer,
  options: Parameters<ManifestTasks[Task]>[1],
  signal?: AbortSignal,
): Promise<{ readonly result: ReturnType<ManifestTasks[Task]>; readonly bytes: Buffer }> {
  const moved = withOwnMemory(bytes);
  const found = await thread.run({ content: { task, bytes: moved, options }, memory: [moved.buffer] }, signal);
  // The thread packed what the task returns.
  const result = (found.facts && (await unpackFacts(found.facts))) as ReturnType<ManifestTasks[Task]>;
  return { result, bytes: Buffer.from(found.bytes.buffer) };
}

/** Memory can only be moved as a whole. */
function withOwnMemory(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
  return isOwn ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
