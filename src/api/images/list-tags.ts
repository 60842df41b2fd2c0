import { inParallel } from "../../foundation/in-parallel.js";
import { inNaturalOrder } from "../../foundation/natural-order.js";
import type { Exchange } from "../../http/exchange.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import { ReadAllowance } from "../../storage/content/read-allowance.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { lookAt, looking } from "../looking.js";
import { badRequest, choiceOf, pageSizeOf, repositoryOf, textOf } from "../query.js";
import { attachedBy } from "./attached-tags.js";
import type { FactsOfImages } from "./image-facts.js";
import { guardsIn, type RepositoryLimits } from "./repository-limits.js";

const mostTags = 100_000;
const longestTag = 128;
const atOnce = 8;

interface TagListParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly images: FactsOfImages;
  readonly limits: RepositoryLimits;
}

/** Pages of tags in natural order, which is remembered while the list of tags is the same. */
export class TagLists {
  readonly #parts: TagListParts;
  readonly #newestFirst = new WeakMap<readonly string[], readonly string[]>();

  constructor(parts: TagListParts) {
    this.#parts = parts;
  }

  async page(exchange: Exchange): Promise<unknown> {
    const name = repositoryOf(exchange);
    const limit = pageSizeOf(exchange);
    const last = textOf(exchange, "last", longestTag);
    const search = textOf(exchange, "search", longestTag)?.toLowerCase() ?? "";
    const order = choiceOf(exchange, "order", ["newest", "oldest"]);
    const repository = await lookAt(this.#parts.registry, exchange, name);
    const all = await this.#inOrder(repository, exchange);
    const found = search === "" ? all : all.filter((tag) => tag.toLowerCase().includes(search));
    const ordered = order === "newest" ? found : found.toReversed();
    const start = startAfter(ordered, last);
    const tags = ordered.slice(start, start + limit);
    return {
      items: await this.#described(repository, exchange, tags.filter(isTag)),
      next: start + limit < ordered.length ? tags.at(-1) : undefined,
      total: ordered.length,
    };
  }

  async #inOrder(repository: PullRepository, exchange: Exchange): Promise<readonly string[]> {
    const { items } = await repository.listTags({ limit: mostTags }, looking(exchange));
    const known = this.#newestFirst.get(items);
    if (known !== undefined) return known;
    const { versions, words } = await inNaturalOrder(items.filter((tag) => tag !== "latest"));
    const latest = items.includes("latest") ? ["latest"] : [];
    const ordered = [...latest, ...versions.reverse(), ...words];
    this.#newestFirst.set(items, ordered);
    return ordered;
  }

  async #described(repository: PullRepository, exchange: Exchange, tags: readonly Tag[]): Promise<readonly unknown[]> {
    const described = new Map<Tag, unknown>();
    const allowance = new ReadAllowance();
    const guardOf = await guardsIn(this.#parts.storage, this.#parts.limits, repository.name);
    await inParallel(tags, atOnce, async (tag) => {
      exchange.signal.throwIfAborted();
      const description = await this.#describe(repository, tag, { exchange, allowance });
      described.set(tag, { ...description, guard: guardOf(tag) });
    });
    return tags.map((tag) => described.get(tag));
  }

  async #describe(
    repository: PullRepository,
    tag: Tag,
    { exchange, allowance }: { readonly exchange: Exchange; readonly allowance: ReadAllowance },
  ): Promise<object> {
    const { storage, images } = this.#parts;
    const { name } = repository;
    const digest = await storage.tags.find(name, tag);
    if (digest === undefined) return { tag, problem: "it was deleted meanwhile, or its link is damaged" };
    const facts = await images.of(repository, digest, { context: looking(exchange), allowance });
    return {
      tag,
      digest,
      ...facts,
      attached: attachedBy(tag),
      problem: facts === undefined ? "its manifest is missing or cannot be read" : undefined,
      pushedAt: showTime(await storage.tags.movedAt(name, tag)),
      pulledAt: showTime(await storage.uses.lastPull(name, digest)),
      askedAt: showTime(await storage.tagChecks.checkedAt(name, tag)),
    };
  }
}

function startAfter(ordered: readonly string[], last: string | undefined): number {
  if (last === undefined) return 0;
  const place = ordered.indexOf(last);
  if (place >= 0) return place + 1;
  throw badRequest(`there is no tag ${last} any more to continue after; begin again without last`);
}
