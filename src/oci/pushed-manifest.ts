import { setImmediate } from "node:timers/promises";
import { RegistryError } from "./errors.js";
import { type ManifestContent, parseManifest } from "./manifest.js";
import { pushedBounds, scanManifest } from "./manifest-scan.js";

/**
 * Reads a manifest that is pushed: strictly, since what is stored stays. It must mean the same to every reader, and
 * parsing it must not cost more than any manifest that programs write.
 * @throws RegistryError MANIFEST_INVALID
 */
export async function parsePushedManifest(bytes: Buffer, contentType: string | undefined): Promise<ManifestContent> {
  const { excess, repeated, ambiguous } = scanManifest(bytes, pushedBounds);
  if (excess !== undefined) throw invalid(`the manifest is refused: ${excess}`);
  if (repeated !== undefined) throw invalid(`the key ${shown(repeated)} stands twice in one object of the manifest`);
  if (ambiguous !== undefined) {
    throw invalid(`the key ${shown(ambiguous)} is read as another one by programs in Go, which ignore its case`);
  }
  // Each of both takes the processor for some milliseconds: other requests are served in between.
  await setImmediate();
  return parseManifest(bytes, contentType);
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 100));
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message);
}
