import type { Digest } from "../oci/digest.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import { isTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { NotedItems } from "../storage/collection-notes.js";
import type { ContentLink } from "../storage/content/content-link.js";
import { type LinkRemoval, releaseUnlinking, removeLinks } from "../storage/content/link-removal.js";
import type { RepositoryHoldings } from "../storage/content/repository-holdings.js";
import { removeRepository, removeUnneeded } from "../storage/content/repository-removal.js";
import { clearAside, removeUnlinked, withEvictionLock } from "../storage/content/unlinked-blobs.js";
import type { Storage } from "../storage/storage.js";
import type { KnownRepositories } from "./known-repositories.js";

/** Bytes that no repository links to. */
export interface UnlinkedBytes {
  readonly digest: Digest;
  readonly size: number;
}

/** What a collection changes. All decisions are made elsewhere, so that a dry run makes the same ones. */
export interface CollectionChanges {
  begin(): Promise<void>;
  /** @returns the links that are gone; a client may have claimed others meanwhile */
  removeLinks(
    name: RepositoryName,
    links: readonly ContentLink[],
    removal: LinkRemoval,
  ): Promise<readonly ContentLink[]>;
  /** Removes what is left of a repository that holds nothing, so that it is no longer listed. */
  removeEmptied(holdings: RepositoryHoldings): Promise<void>;
  /**
   * @param over links that are removed for good
   * @param back links that a client or an operator has brought back
   */
  forgetTrash(over: readonly ContentLink[], back: readonly ContentLink[]): Promise<void>;
  /** Also finishes what a killed collection or eviction has left. @returns the number of bytes removed */
  erase(bytes: readonly UnlinkedBytes[]): Promise<number>;
  note(notes: NotedItems): Promise<void>;
  /** Keeps what the next collection need not find out again. */
  learn(known: KnownRepositories): Promise<void>;
  end(): Promise<void>;
}

/** For a dry run. */
export const noChanges: CollectionChanges = {
  begin: async () => {},
  removeLinks: async (_name, links) => links,
  removeEmptied: async () => {},
  forgetTrash: async () => {},
  erase: async (bytes) => sizeOf(bytes),
  note: async () => {},
  learn: async () => {},
  end: async () => {},
};

/** Beside servers: every removal is checked again, and nothing is removed that a client has just claimed. */
export function changesBeside(storage: Storage): CollectionChanges {
  return {
    begin: () => releaseUnlinking(storage),
    removeLinks: (name, links, removal) => removeBeside(storage, name, links, removal),
    // A push may begin there at any moment, so only what no push needs is removed.
    removeEmptied: async ({ name, emptied }) => {
      if (!(await storage.index.kinds(name)).manifests) return;
      await removeTornTags(storage, name);
      await storage.index.noteRemoval(name, emptied);
    },
    forgetTrash: (over, back) => forgetTrash(storage, over, back),
    erase: (bytes) =>
      withEvictionLock(storage, async () => {
        await clearAside(storage);
        return removeUnlinked(storage, digestsOf(bytes));
      }),
    note: (notes) => storage.collectionNotes.write(notes),
    learn: (known) => known.write(),
    end: () => storage.collections.write(),
  };
}

/** For a storage that nothing else uses: many removals are one order to the disk, and there is no trash. */
export function changesAlone(storage: Storage): CollectionChanges {
  return {
    begin: async () => {
      try {
        await releaseUnlinking(storage);
      } finally {
        // The pushes of a server that has just ended must be visible, or their content would be removed.
        await storage.listsSettled();
      }
    },
    removeLinks: async (name, links) => {
      const [manifests, blobs] = (["manifest", "blob"] as const).map((kind) =>
        digestsOf(links.filter((link) => link.kind === kind)),
      );
      await removeUnneeded(storage, name, { manifests: manifests ?? [], blobs: blobs ?? [] });
      return links;
    },
    removeEmptied: ({ name }) => removeRepository(storage, name),
    forgetTrash: (over, back) => forgetTrash(storage, over, back),
    erase: (bytes) =>
      withEvictionLock(storage, async () => {
        await clearAside(storage);
        await storage.blobs.remove(digestsOf(bytes));
        return sizeOf(bytes);
      }),
    note: (notes) => storage.collectionNotes.write(notes),
    learn: (known) => known.write(),
    end: async () => {
      // Records of a repository are deleted once lists show that nothing of it is left.
      await storage.listsSettled();
      await storage.owners.forgetGone();
      await storage.collections.write();
    },
  };
}

/** Traces of tags that do not exist: pushes were cut off before their last step. */
async function removeTornTags(storage: Storage, name: RepositoryName): Promise<void> {
  const { index, tags } = storage;
  for (const tag of (await index.tagNames(name)).filter(isTag))
    await tags.removal.remove(name, tag, undefined, async () => (await tags.movedAt(name, tag)) === undefined);
}

async function forgetTrash(
  storage: Storage,
  over: readonly ContentLink[],
  back: readonly ContentLink[],
): Promise<void> {
  await storage.contentLinks.forgetClaims(over);
  await storage.trash.forget([...over, ...back]);
}

async function removeBeside(
  storage: Storage,
  name: RepositoryName,
  links: readonly ContentLink[],
  removal: LinkRemoval,
): Promise<readonly ContentLink[]> {
  const gone = await removeInOrder(storage, name, links, removal);
  if (gone.length > 0) await storage.index.noteRemoval(name);
  return gone;
}

/** Manifests first. If one was claimed meanwhile, what it references stays. */
async function removeInOrder(
  storage: Storage,
  name: RepositoryName,
  links: readonly ContentLink[],
  removal: LinkRemoval,
): Promise<readonly ContentLink[]> {
  const manifests = links.filter(({ kind }) => kind === "manifest");
  const said = new Map<Digest, ManifestReading | undefined>();
  for (const { digest } of manifests) said.set(digest, await storage.manifests.uncached.readContent(name, digest));
  const gone = await removeLinks(storage, manifests, removal);
  for (const { digest } of gone) await storage.repository(name).forgetManifest(digest, said.get(digest));
  if (gone.length > 0) await storage.tags.removal.forget(name, new Set(digestsOf(gone)));
  if (gone.length < manifests.length) return gone;
  return [
    ...gone,
    ...(await removeLinks(
      storage,
      links.filter(({ kind }) => kind === "blob"),
      removal,
    )),
  ];
}

function digestsOf(items: readonly { readonly digest: Digest }[]): Digest[] {
  return items.map(({ digest }) => digest);
}

function sizeOf(bytes: readonly UnlinkedBytes[]): number {
  return bytes.reduce((sum, { size }) => sum + size, 0);
}
