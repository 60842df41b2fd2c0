import { LRUCache } from "lru-cache";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { inParallel } from "../../foundation/in-parallel.js";
import { naturalKey } from "../../foundation/natural-order.js";
import type { Exchange } from "../../http/exchange.js";
import type { Digest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { lookAt, looking } from "../looking.js";
import { type Origin, originOfContent } from "./origin.js";

const rememberedRepositories = 2_000;
const rememberedForMs = 10_000;

/** When each of more tags was moved, or each of more manifests used, takes too long to read. */
const fewTags = 100;
const fewManifests = 100;

/** With more content, the size of a repository is not told in lists. */
const mostContent = 10_000;
const atOnce = 8;
const mostTags = 100_000;

/** What is said of a repository. */
export interface Facts {
  readonly origin: Origin;
  readonly tags: number;
  readonly newestTag: Tag | undefined;
  readonly manifests: number;
  /** The bytes of everything that it links to, by digest. */
  readonly content: ReadonlyMap<Digest, number>;
  readonly isPartial: boolean;
  /** In milliseconds since 1970. */
  readonly pushedMs: number | undefined;
  readonly pulledMs: number | undefined;
}

interface FactsParts {
  readonly registry: Registry;
  readonly storage: Storage;
}

/** Sizes, tags and times of repositories, remembered for some seconds. */
export class RepositoryFacts {
  readonly #parts: FactsParts;
  readonly #known = new LRUCache<string, Facts>({
    maxSize: rememberedRepositories,
    sizeCalculation: () => 1,
    ttl: rememberedForMs,
  });

  constructor(parts: FactsParts) {
    this.#parts = parts;
  }

  /** For a list. A repository that cannot be read is listed with its name only. */
  async summaries(exchange: Exchange, names: readonly RepositoryName[]): Promise<readonly unknown[]> {
    const found = new Map<RepositoryName, unknown>();
    await inParallel(names, atOnce, async (name) => {
      exchange.signal.throwIfAborted();
      found.set(name, await this.#summary(exchange, name));
    });
    return names.map((name) => ({ name, ...(found.get(name) ?? {}) }));
  }

  async of(repository: PullRepository, exchange: Exchange): Promise<Facts> {
    const { storage } = this.#parts;
    const version = await storage.index.tagsVersion(repository.name);
    const key = `${repository.name} ${version}`;
    const known = version === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const facts = await this.#read(repository, exchange);
    if (version !== undefined) this.#known.set(key, facts);
    return facts;
  }

  async #summary(exchange: Exchange, name: RepositoryName): Promise<unknown> {
    try {
      const facts = await this.of(await lookAt(this.#parts.registry, exchange, name), exchange);
      return summaryOf(facts);
    } catch (error) {
      if (error instanceof RegistryError) return undefined;
      throw error;
    }
  }

  async #read(repository: PullRepository, exchange: Exchange): Promise<Facts> {
    const { storage } = this.#parts;
    const { name } = repository;
    const origin = await originOfContent(storage, name);
    const tags = await this.#tags(repository, origin, exchange);
    const newest = await newestOf(storage, name, tags);
    const manifests = await storage.index.manifests(name);
    const uses = await Promise.all(
      manifests.slice(0, fewManifests).map((digest) => storage.uses.lastPull(name, digest)),
    );
    return {
      origin,
      tags: tags.length,
      newestTag: newest?.tag,
      manifests: manifests.length,
      ...(await contentOf(storage, name)),
      pushedMs: newest?.movedMs,
      pulledMs: manifests.length > fewManifests ? undefined : Math.max(0, ...uses.map((use) => use ?? 0)),
    };
  }

  /** Of an upstream's repository only those that its rules allow. */
  async #tags(repository: PullRepository, origin: Origin, exchange: Exchange): Promise<readonly Tag[]> {
    if (origin.kind === "own") return (await this.#parts.storage.index.tagNames(repository.name)).filter(isTag);
    const page = await repository.listTags({ limit: mostTags }, looking(exchange)).catch(noTags);
    return page.items.filter(isTag);
  }
}

/** What lists show. */
export function summaryOf(facts: Facts) {
  const { origin, tags, newestTag, content, isPartial, pushedMs, pulledMs } = facts;
  return {
    origin,
    tags,
    newestTag,
    size: isPartial ? undefined : totalOf(content.values()),
    pushedAt: showTime(pushedMs),
    pulledAt: showTime(pulledMs),
  };
}

export function totalOf(sizes: Iterable<number>): number {
  let total = 0;
  for (const size of sizes) total += size;
  return total;
}

/** A repository that has only manifests by digest has no list of tags. */
function noTags(error: unknown): { readonly items: readonly string[] } {
  if (error instanceof RegistryError && error.status === 404) return { items: [] };
  throw error;
}

/** The tag that was moved last, or of very many the highest version. */
async function newestOf(
  storage: Storage,
  name: RepositoryName,
  tags: readonly Tag[],
): Promise<{ readonly tag: Tag; readonly movedMs: number | undefined } | undefined> {
  const candidates = tags.length <= fewTags ? tags : await highestOf(tags);
  const moved = await Promise.all(
    candidates.map(async (tag) => ({ tag, movedMs: await storage.tags.movedAt(name, tag) })),
  );
  return moved.sort((one, other) => (other.movedMs ?? 0) - (one.movedMs ?? 0))[0];
}

async function highestOf(tags: readonly Tag[]): Promise<readonly Tag[]> {
  const breaks = new EventLoopBreaks();
  let highest: { readonly tag: Tag; readonly key: string } | undefined;
  for (const tag of tags) {
    await breaks.take();
    if (!/^v?[0-9]/.test(tag)) continue;
    const key = naturalKey(tag);
    if (highest === undefined || key > highest.key) highest = { tag, key };
  }
  return highest === undefined ? tags.slice(-1) : [highest.tag];
}

async function contentOf(storage: Storage, name: RepositoryName): Promise<Pick<Facts, "content" | "isPartial">> {
  const digests = new Set<Digest>();
  for await (const _ of storage.index.content(name, (digest) => {
    digests.add(digest);
    return false;
  }));
  const content = new Map<Digest, number>();
  await inParallel([...digests].slice(0, mostContent), atOnce, async (digest) => {
    const size = await storage.blobs.storedSize(digest);
    if (size !== undefined) content.set(digest, size);
  });
  return { content, isPartial: digests.size > mostContent };
}
