import { LRUCache } from "lru-cache";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { naturalKey } from "../../foundation/natural-order.js";
import { RegistryError } from "../../oci/errors.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Context } from "../../registry/context.js";
import type { PullRepository } from "../../registry/repository.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { attachedBy } from "./attached-tags.js";
import { type Origin, originOfContent } from "./origin.js";
import type { Holdings } from "./repository-holdings.js";

const rememberedRepositories = 2_000;
const rememberedForMs = 10_000;

/** With more tags, reading when each was moved takes too long. */
const fewTags = 100;

const mostTags = 100_000;

/** What the API shows of a repository. */
export interface Facts {
  readonly origin: Origin;
  readonly tags: number;
  readonly newestTag: Tag | undefined;
  /** In milliseconds since 1970. */
  readonly pushedMs: number | undefined;
}

/** Origins, tags and times of repositories, remembered for some seconds. */
export class RepositoryFacts {
  readonly #storage: Storage;
  readonly #known = new LRUCache<string, Facts>({
    maxSize: rememberedRepositories,
    sizeCalculation: () => 1,
    ttl: rememberedForMs,
  });

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async of(repository: PullRepository, context: Context): Promise<Facts> {
    const version = await this.#storage.index.tagsVersion(repository.name);
    const key = `${repository.name} ${version}`;
    const known = version === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const facts = await this.#read(repository, context);
    if (version !== undefined) this.#known.set(key, facts);
    return facts;
  }

  async #read(repository: PullRepository, context: Context): Promise<Facts> {
    const { name } = repository;
    const origin = await originOfContent(this.#storage, name);
    const tags = await this.#tags(repository, origin, context);
    const newest = await newestOf(this.#storage, name, tags);
    return { origin, tags: tags.length, newestTag: newest?.tag, pushedMs: newest?.movedMs };
  }

  /** Of an upstream's repository only those that its rules allow. */
  async #tags(repository: PullRepository, origin: Origin, context: Context): Promise<readonly Tag[]> {
    if (origin.kind === "own") return (await this.#storage.index.tagNames(repository.name)).filter(isTag);
    const page = await repository.listTags({ limit: mostTags }, context).catch(noTags);
    return page.items.filter(isTag);
  }
}

/** What lists show. */
export function summaryOf({ origin, tags, newestTag, pushedMs }: Facts, holdings: Holdings | undefined) {
  return {
    origin,
    tags,
    newestTag,
    size: holdings === undefined || holdings.isPartial ? undefined : totalOf(holdings.content.values()),
    isCounting: holdings === undefined || undefined,
    pushedAt: showTime(pushedMs),
    pulledAt: showTime(holdings?.pulledMs),
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
  // A signature is newer than its image, and says nothing about it.
  const chosen = tags.filter((tag) => attachedBy(tag) === undefined);
  const known = chosen.length === 0 ? tags : chosen;
  const candidates = known.length <= fewTags ? known : await highestOf(known);
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
