import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import { type ManyReads, orThrow } from "../many-reads.js";

const foldersAtOnce = 500;

/**
 * The digests that keys below a folder name: `sha256/<hex>`, as the links of a repository have it. For folders that
 * are not named as a repository, such as a copy that somebody made beside it.
 * @throws StorageError if one of the folders cannot be listed
 */
export async function digestsNamedBelow(many: ManyReads, folder: string): Promise<readonly Digest[]> {
  const found = new Set<Digest>();
  let level = [folder];
  while (level.length > 0) {
    const next: string[] = [];
    for (let start = 0; start < level.length; start += foldersAtOnce) {
      const keys = level.slice(start, start + foldersAtOnce);
      const lists = await many.list(keys);
      for (const [index, key] of keys.entries()) {
        const { names } = orThrow(lists[index] ?? { names: [], version: undefined });
        next.push(...namesBelow(key, names, found));
      }
    }
    level = next;
  }
  return [...found];
}

/** @param found gets the digests. @returns the keys of all others */
function namesBelow(key: string, names: readonly string[], found: Set<Digest>): string[] {
  const algorithm = digestAlgorithms.find((each) => key.endsWith(`/${each}`));
  return names.flatMap((name) => {
    const digest = `${algorithm}:${name}`;
    if (!isDigest(digest)) return [`${key}/${name}`];
    found.add(digest);
    return [];
  });
}
