import { createHash } from "node:crypto";
import { type Digest, type DigestAlgorithm, digestAlgorithms, isDigest } from "../../oci/digest.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout } from "../layout.js";
import type { ManyReads } from "../many-reads.js";

/** What a repository links to, seen in one look. */
export interface RepositoryHoldings {
  readonly name: RepositoryName;
  /** Manifests that it has a link for. */
  readonly manifests: readonly Digest[];
  /** Manifests that another program has removed, of which it left a folder. */
  readonly emptied: readonly Digest[];
  /** Blobs that it has, or once had, a link for. */
  readonly blobs: readonly Digest[];
  /**
   * Differs after the repository received a manifest or a blob that it does not hold here, even from another program;
   * `undefined` if that cannot be told. A link that is written again in its old folder changes nothing.
   */
  readonly version: string | undefined;
}

const foldersAtOnce = 500;

/**
 * The names of all repositories, read level by level, sorted.
 * @param foreign gets the keys of folders that are not named as a repository; they are not walked
 */
export async function allRepositoryNames(many: ManyReads, foreign: (key: string) => void): Promise<RepositoryName[]> {
  const root = layout.repositories;
  const names: RepositoryName[] = [];
  const walkBelow = (path: string, children: readonly string[]): string[] => {
    if (isRepositoryName(path) && children.some(isOfRepository)) names.push(path);
    const below = children.filter((child) => !isOfRepository(child)).map((child) => joined(path, child));
    for (const each of below) if (!isRepositoryName(each)) foreign(joined(root, each));
    return below.filter(isRepositoryName);
  };
  let level = [""];
  while (level.length > 0) {
    const next: string[][] = [];
    for (let start = 0; start < level.length; start += foldersAtOnce) {
      const paths = level.slice(start, start + foldersAtOnce);
      const lists = await many.list(paths.map((path) => joined(root, path)));
      for (const [index, path] of paths.entries()) next.push(walkBelow(path, lists[index]?.names ?? []));
    }
    level = next.flat();
  }
  return names.sort();
}

/** What several repositories hold, in the order of their names. */
export async function holdingsOf(many: ManyReads, names: readonly RepositoryName[]): Promise<RepositoryHoldings[]> {
  const lists = await many.list(names.flatMap(foldersOf));
  const listed = names.map((name, index) => {
    const ofThis = lists.slice(index * places.length, (index + 1) * places.length);
    const named = (kind: Place["kind"]) =>
      places.flatMap((place, at) =>
        place.kind === kind ? digestsNamed(place.algorithm, ofThis[at]?.names ?? []) : [],
      );
    return {
      name,
      manifests: named("manifests"),
      blobs: named("blobs"),
      version: combined(ofThis.map(({ version }) => version)),
    };
  });
  return withoutEmptied(many, listed);
}

/** The versions of what several repositories hold, without reading that. */
export async function holdingsVersions(
  many: ManyReads,
  names: readonly RepositoryName[],
): Promise<(string | undefined)[]> {
  const versions = await many.listVersion(names.flatMap(foldersOf));
  return names.map((_, index) => combined(versions.slice(index * places.length, (index + 1) * places.length)));
}

interface Place {
  readonly kind: "manifests" | "blobs";
  readonly algorithm: DigestAlgorithm;
}

const places: readonly Place[] = digestAlgorithms.flatMap((algorithm) => [
  { kind: "manifests", algorithm },
  { kind: "blobs", algorithm },
]);

function foldersOf(name: RepositoryName): string[] {
  return places.map(({ kind, algorithm }) =>
    kind === "manifests" ? layout.revisionsOf(name, algorithm) : layout.layersOf(name, algorithm),
  );
}

/** Only manifests with a link are held: a link may be damaged, and a push then repairs it. */
async function withoutEmptied(
  many: ManyReads,
  listed: readonly Omit<RepositoryHoldings, "emptied">[],
): Promise<RepositoryHoldings[]> {
  const links = listed.flatMap(({ name, manifests }) => manifests.map((digest) => layout.revisionLink(name, digest)));
  const are = await many.has(links);
  let next = 0;
  return listed.map((each) => {
    const isHeld = new Map(each.manifests.map((digest) => [digest, are[next++]]));
    return {
      ...each,
      manifests: each.manifests.filter((digest) => isHeld.get(digest)),
      emptied: each.manifests.filter((digest) => !isHeld.get(digest)),
    };
  });
}

function digestsNamed(algorithm: DigestAlgorithm, names: readonly string[]): Digest[] {
  return names.map((hex) => `${algorithm}:${hex}`).filter(isDigest);
}

/** One short text: there are as many as repositories. */
function combined(versions: readonly (string | undefined)[]): string | undefined {
  if (versions.includes(undefined)) return undefined;
  return createHash("sha256").update(versions.join(" ")).digest("base64").slice(0, 22);
}

function joined(path: string, child: string): string {
  if (path === "") return child;
  return child === "" ? path : `${path}/${child}`;
}
