import type { TextPieces } from "../foundation/text-pieces.js";
import { namesInManifest } from "./manifest-names.js";
import { type ManifestReading, readManifest } from "./manifest-reading.js";
import { type ManifestBounds, scanManifest } from "./manifest-scan.js";
import { examinePushed } from "./pushed-manifest.js";

/** A manifest that was read, or the limit that it exceeds. */
export interface ReceivedManifest {
  readonly excess?: string;
  readonly reading?: ManifestReading;
}

/** What is done with the bytes of a manifest: each takes time that depends on their number. */
export const manifestTasks = {
  examinePushed,
  readManifest,
  readReceived,
  namesInManifest,
};

export type ManifestTasks = typeof manifestTasks;

/** A task for the thread. */
export interface ManifestJob {
  readonly task: keyof ManifestTasks;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: unknown;
}

/** What the thread answers. */
export interface ManifestFindings {
  /** What the task returned, packed. */
  readonly facts: TextPieces | undefined;
  /** The memory of the job goes back: the thread would keep it until it collects its garbage. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Nothing is parsed beyond the bounds: a few bytes can be a value, so even a small document may take long. */
function readReceived(bytes: Buffer, bounds: ManifestBounds): ReceivedManifest {
  const { excess } = scanManifest(bytes, bounds);
  if (excess !== undefined) return { excess };
  const reading = readManifest(bytes);
  return reading === undefined ? {} : { reading };
}
