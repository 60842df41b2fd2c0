import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { StorageError } from "../../oci/storage-error.js";
import type { FoundBytes } from "../../storage/content/blob-inspection.js";
import type { Storage } from "../../storage/storage.js";
import type { Mended, SuspectHolder } from "./suspect.js";

/** Content of a cached repository, to be downloaded again. */
export interface WantedAgain {
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly isManifest: boolean;
}

export interface Mending {
  readonly storage: Storage;
  /** Downloads content from its upstream as a pull would; absent if no upstream is configured. @throws if it fails */
  readonly fetchAgain: ((wanted: WantedAgain) => Promise<void>) | undefined;
}

interface BrokenBytes {
  readonly digest: Digest;
  readonly holders: readonly SuspectHolder[];
  /** As they were found; `undefined` if there are none. */
  readonly seen: FoundBytes | undefined;
}

/**
 * Sets damaged bytes aside, so that they count as absent, and downloads them again if an upstream has them. Once it has
 * delivered them, nobody needs the damaged ones.
 */
export async function mendBytes(
  { storage, fetchAgain }: Mending,
  { digest, holders, seen }: BrokenBytes,
): Promise<Mended> {
  const setAsideTo = seen && (await storage.blobs.setDamagedAside(digest, seen));
  if (seen !== undefined && setAsideTo === undefined) return { outcome: "written again" };
  const aside: Mended = { outcome: seen === undefined ? "left" : "set aside", setAsideTo };
  const cached = holders.find(({ upstream }) => upstream !== undefined);
  if (cached === undefined) return aside;
  if (fetchAgain === undefined) return { ...aside, obstacle: `no upstream is configured for ${cached.name}` };
  try {
    await fetchAgain({ name: cached.name, digest, isManifest: cached.isManifest });
  } catch (error) {
    if (error instanceof StorageError) throw error;
    return { ...aside, obstacle: error instanceof Error ? error.message : String(error) };
  }
  if (setAsideTo !== undefined) await storage.quarantine.forget(setAsideTo);
  return { outcome: "fetched again" };
}
