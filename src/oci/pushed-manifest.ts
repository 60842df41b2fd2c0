import { nextTurnAfter } from "../foundation/event-loop-breaks.js";
import { RegistryError } from "./errors.js";
import { type ManifestContent, parseManifest } from "./manifest.js";
import { pushedBounds, scanManifestInTurns } from "./manifest-scan.js";

/**
 * Parses a pushed manifest, strictly, since it will be stored. It must mean the same to every reader, and parsing it
 * must not cost more than parsing any manifest that real programs write.
 * @throws RegistryError MANIFEST_INVALID
 */
export async function parsePushedManifest(bytes: Buffer, contentType: string | undefined): Promise<ManifestContent> {
  const { excess, repeated, ambiguous } = await scanManifestInTurns(bytes, pushedBounds);
  if (excess !== undefined) throw invalid(`the manifest is refused: ${excess}`);
  if (repeated !== undefined) throw invalid(`the key ${shown(repeated)} occurs twice in one object of the manifest`);
  if (ambiguous !== undefined) {
    throw invalid(
      `the key ${shown(ambiguous)} is ambiguous: Go programs ignore the case of keys and read it as another one`,
    );
  }
  // Scanning and parsing each take some milliseconds of CPU: let other requests run in between.
  await nextTurnAfter(bytes.length);
  return parseManifest(bytes, contentType);
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 100));
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message);
}
