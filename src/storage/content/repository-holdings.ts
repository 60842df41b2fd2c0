import { createHash } from "node:crypto";
import { type Digest, type DigestAlgorithm, digestAlgorithms, isDigest } from "../../oci/digest.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { StorageError } from "../../oci/storage-error.js";
import { isOfRepository, layout } from "../layout.js";
import type { Answered, Listing, ManyReads } from "../many-reads.js";

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
  /** Why the lists are incomplete; `undefined` if they are not. */
  readonly unreadable: StorageError | undefined;
}

/** Told of folders in which there is no repository that could be listed. */
export interface SkippedFolders {
  /** It is not named as a repository; it is not walked. */
  foreign(key: string): void;
  /** It cannot be listed: it may be a repository, and contain others. */
  unreadable(key: string, error: StorageError): void;
}

const foldersAtOnce = 500;

/** The names of all repositories, read level by level, sorted. */
export async function allRepositoryNames(many: ManyReads, skipped: SkippedFolders): Promise<RepositoryName[]> {
  const root = layout.repositories;
  const names: RepositoryName[] = [];
  const walkBelow = (path: string, list: Answered<Listing> | undefined): string[] => {
    if (list instanceof StorageError) {
      skipped.unreadable(joined(root, path), list);
      return [];
    }
    const children = list?.names ?? [];
    if (isRepositoryName(path) && children.some(isOfRepository)) names.push(path);
    const below = children.filter((child) => !isOfRepository(child)).map((child) => joined(path, child));
    for (const each of below) if (!isRepositoryName(each)) skipped.foreign(joined(root, each));
    return below.filter(isRepositoryName);
  };
  let level = [""];
  while (level.length > 0) {
    const next: string[][] = [];
    for (let start = 0; start < level.length; start += foldersAtOnce) {
      const paths = level.slice(start, start + foldersAtOnce);
      const lists = await many.list(paths.map((path) => joined(root, path)));
      for (const [index, path] of paths.entries()) next.push(walkBelow(path, lists[index]));
    }
    level = next.flat();
  }
  return names.sort();
}

/** Whether a manifest of a repository is known to have a link, if it has a folder. */
export type IsLinked = (name: RepositoryName, digest: Digest) => boolean;

/** What several repositories hold, in the order of their names. */
export async function holdingsOf(
  many: ManyReads,
  names: readonly RepositoryName[],
  isLinked: IsLinked,
): Promise<RepositoryHoldings[]> {
  const lists = await many.list(names.flatMap(foldersOf));
  const listed = names.map((name, index) => {
    const answers = lists.slice(index * places.length, (index + 1) * places.length);
    const ofThis = answers.map((list) => (list instanceof StorageError ? nothingListed : list));
    const named = (kind: Place["kind"]) =>
      places.flatMap((place, at) =>
        place.kind === kind ? digestsNamed(place.algorithm, ofThis[at]?.names ?? []) : [],
      );
    return {
      name,
      manifests: named("manifests"),
      blobs: named("blobs"),
      version: combined(ofThis.map(({ version }) => version)),
      unreadable: answers.find((list) => list instanceof StorageError),
    };
  });
  return withoutEmptied(many, listed, isLinked);
}

const nothingListed: Listing = { names: [], version: undefined };

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

/** Only manifests with a link are held: a link may be damaged or unreadable, and a push then repairs it. */
async function withoutEmptied(
  many: ManyReads,
  listed: readonly Omit<RepositoryHoldings, "emptied">[],
  isLinked: IsLinked,
): Promise<RepositoryHoldings[]> {
  const looked = listed.map(({ name, manifests }) => manifests.filter((digest) => !isLinked(name, digest)));
  const links = listed.flatMap(({ name }, at) => (looked[at] ?? []).map((digest) => layout.revisionLink(name, digest)));
  const are = await many.has(links);
  let next = 0;
  return listed.map((each, at) => {
    const emptied = new Set((looked[at] ?? []).filter(() => are[next++] === false));
    if (emptied.size === 0) return { ...each, emptied: [] };
    return { ...each, manifests: each.manifests.filter((digest) => !emptied.has(digest)), emptied: [...emptied] };
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
