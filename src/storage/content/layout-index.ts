import { randomUUID } from "node:crypto";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { algorithmOf, type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { NamesWanted, StorageDriver } from "../driver.js";
import { layout, repositoryFolders } from "../layout.js";
import type { ObjectContent } from "../staging.js";
import type { ContentIndex, IndexedRepository } from "./content-index.js";
import { digestsNamedBelow } from "./foreign-folders.js";
import type { LinkStore } from "./link-store.js";
import {
  allRepositoryNames,
  holdingsOf,
  holdingsVersions,
  type IsLinked,
  type RepositoryHoldings,
  type SkippedFolders,
} from "./repository-holdings.js";
import { repositoriesAfter } from "./repository-walk.js";

interface Link {
  readonly digest: Digest;
  readonly key: string;
}

const noneUnreadable: SkippedFolders = {
  foreign: () => {},
  unreadable: (_key, error) => {
    throw error;
  },
};

/** An index made of the keys themselves: each call lists them. */
export class LayoutIndex implements ContentIndex {
  readonly #driver: StorageDriver;
  readonly #links: LinkStore;
  readonly #announced = { blobs: new Set<RepositoryName>(), manifests: new Set<RepositoryName>() };
  /** The version of that record when `#announced` was begun. */
  #lastEmptied: string | undefined;

  constructor(driver: StorageDriver, links: LinkStore) {
    this.#driver = driver;
    this.#links = links;
  }

  get askedAhead(): number {
    return this.#driver.statRecently === undefined ? 1 : 12;
  }

  async *repositories(after?: string, foreign?: (key: string) => void): AsyncIterable<IndexedRepository> {
    for await (const { name, folders } of repositoriesAfter(this.#driver, after, layout.repositories, foreign))
      yield { name, holdsManifests: folders.includes(repositoryFolders.manifests) };
  }

  repositoryNames(skipped: SkippedFolders = noneUnreadable): Promise<readonly RepositoryName[]> {
    return allRepositoryNames(this.#driver.many, skipped);
  }

  holdings(names: readonly RepositoryName[], isLinked: IsLinked = () => false): Promise<readonly RepositoryHoldings[]> {
    return holdingsOf(this.#driver.many, names, isLinked);
  }

  holdingsVersions(names: readonly RepositoryName[]): Promise<readonly (string | undefined)[]> {
    return holdingsVersions(this.#driver.many, names);
  }

  async *recordedAsCached(after?: string): AsyncIterable<RepositoryName> {
    for await (const { name } of repositoriesAfter(this.#driver, after, layout.cachedBelow(""))) yield name;
  }

  async isFilled(foreign: string): Promise<boolean> {
    return (await this.#driver.list(foreign)).length > 0;
  }

  foreignContent(foreign: string): Promise<readonly Digest[]> {
    return digestsNamedBelow(this.#driver.many, foreign);
  }

  async kinds(name: RepositoryName): Promise<{ manifests: boolean; blobs: boolean }> {
    const folders = await this.#driver.list(layout.repository(name));
    return {
      manifests: folders.includes(repositoryFolders.manifests),
      blobs: folders.includes(repositoryFolders.layers),
    };
  }

  async announce(name: RepositoryName, kind: "blobs" | "manifests"): Promise<void> {
    if (kind === "manifests") await this.#forgetIfEmptied();
    if (this.#announced[kind].has(name)) return;
    await this.#driver.write(renewed(layout.catalogGeneration));
    this.#announced[kind].add(name);
  }

  async noteRemoval(name: RepositoryName, emptied: readonly Digest[] = []): Promise<void> {
    const { layers, repository, revision, revisionsOf, layersOf, tags } = layout;
    const heldHere = [
      ...emptied.map((digest) => revision(name, digest)),
      ...digestAlgorithms.map((algorithm) => revisionsOf(name, algorithm)),
      tags(name),
    ];
    await this.#driver.prune?.(heldHere, repository(name));
    // Registry 2.8 expects this folder itself beside manifests, and some may just be coming.
    await this.#driver.prune?.(
      digestAlgorithms.map((algorithm) => layersOf(name, algorithm)),
      layers(name),
    );
    if ((await this.kinds(name)).manifests) return;
    this.#forgetAnnounced();
    // The list last: a process that sees that it is old must not find an older record of announcements.
    await this.#driver.write(renewed(layout.lastEmptied), renewed(layout.catalogGeneration));
  }

  /**
   * After another process has emptied a repository, each must be announced again. Where that costs a request of each
   * push, it is not looked for: a list is old for a few seconds at most.
   */
  async #forgetIfEmptied(): Promise<void> {
    if (this.#driver.statRecently !== undefined) return;
    const lastEmptied = await this.#version(layout.lastEmptied);
    if (lastEmptied !== undefined && lastEmptied === this.#lastEmptied) return;
    this.#forgetAnnounced();
    this.#lastEmptied = lastEmptied;
  }

  #forgetAnnounced(): void {
    for (const announced of Object.values(this.#announced)) announced.clear();
  }

  generation(): Promise<string | undefined> {
    return this.#version(layout.catalogGeneration);
  }

  async #version(key: string): Promise<string | undefined> {
    const stat = await this.#driver.stat(key);
    return stat === undefined ? "none" : stat.version;
  }

  manifests(name: RepositoryName): Promise<Digest[]> {
    return this.#present(this.#manifestLinks(name));
  }

  blobs(name: RepositoryName): Promise<Digest[]> {
    return this.#present(this.#blobLinks(name));
  }

  async *content(name: RepositoryName, isAskedFor: (digest: Digest) => boolean): AsyncIterable<Digest> {
    const breaks = new EventLoopBreaks();
    for (const links of [this.#blobLinks(name), this.#manifestLinks(name)]) {
      for await (const { digest, key } of links) {
        await breaks.take();
        const meant = algorithmOf(digest) === "sha256" ? digest : (await this.#links.find(key))?.digest;
        const asked = [...new Set([digest, meant ?? digest])].filter(isAskedFor);
        if (asked.length > 0 && (await this.#isThere(key))) yield* asked;
      }
    }
  }

  tagNames(name: RepositoryName, wanted?: NamesWanted): Promise<readonly string[]> {
    return this.#driver.list(layout.tags(name), wanted);
  }

  tagsVersion(name: RepositoryName): Promise<string | undefined> {
    return this.#driver.listVersion(layout.tags(name));
  }

  async #present(links: AsyncIterable<Link>): Promise<Digest[]> {
    const digests: Digest[] = [];
    for await (const { digest, key } of links) if (await this.#isThere(key)) digests.push(digest);
    return digests;
  }

  /** An empty link counts too: a push repairs it, and then needs the bytes. */
  async #isThere(key: string): Promise<boolean> {
    return (await this.#driver.stat(key)) !== undefined;
  }

  async *#blobLinks(name: RepositoryName): AsyncIterable<Link> {
    for (const algorithm of digestAlgorithms) {
      for (const hex of await this.#driver.list(layout.layersOf(name, algorithm))) {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) yield { digest, key: layout.layerLink(name, digest) };
      }
    }
  }

  async *#manifestLinks(name: RepositoryName): AsyncIterable<Link> {
    for (const algorithm of digestAlgorithms) {
      for (const hex of await this.#driver.list(layout.revisionsOf(name, algorithm))) {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) yield { digest, key: layout.revisionLink(name, digest) };
      }
    }
  }
}

function renewed(key: string): ObjectContent {
  return { key, content: Buffer.from(randomUUID()) };
}
