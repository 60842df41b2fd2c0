import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { type Action, actions } from "../../registry/access.js";
import type { Registry } from "../../registry/registry.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { lookAt, looking } from "../looking.js";
import { repositoryOf } from "../query.js";
import type { Censuses } from "./content-census.js";
import { type Facts, type RepositoryFacts, summaryOf, totalOf } from "./repository-facts.js";
import type { Holdings, RepositoryHoldings } from "./repository-holdings.js";
import type { RepositoryLimits } from "./repository-limits.js";

/** A client waits this long for the sizes of a large repository; then it gets the rest. */
const countedWithinMs = 60;

interface ShowParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly facts: RepositoryFacts;
  readonly holdings: RepositoryHoldings;
  readonly censuses: Censuses;
  readonly limits: RepositoryLimits;
  /** What the configuration lets clients change in private repositories. */
  readonly changeable: readonly Action[];
}

export async function showRepository(exchange: Exchange, parts: ShowParts): Promise<unknown> {
  const name = repositoryOf(exchange);
  const repository = await lookAt(parts.registry, exchange, name);
  const counting = parts.holdings.of(repository.name, countedWithinMs);
  const facts = await parts.facts.of(repository, looking(exchange));
  const holdings = await counting;
  if (facts.tags === 0 && holdings?.manifests === 0)
    throw new RegistryError("NAME_UNKNOWN", `${name} is empty`, { detail: { name } });
  const may = actions.filter((action) => mayDo(action, { name, exchange, facts, parts }));
  return {
    name,
    ...summaryOf(facts, holdings),
    ...(holdings !== undefined && (await sizesOf(repository.name, holdings, parts.censuses))),
    quotas: may.includes("push") ? await quotasOf(repository.name, parts.limits) : undefined,
    may,
  };
}

async function quotasOf(stored: RepositoryName, limits: RepositoryLimits) {
  const quotas = await limits.quotasOf(stored);
  return quotas.length === 0
    ? undefined
    : quotas.map(({ used, limit, isUnreadable }) => ({ used: isUnreadable ? undefined : (used ?? 0), limit }));
}

async function sizesOf(stored: RepositoryName, { content, isPartial, manifests }: Holdings, censuses: Censuses) {
  const sizes = { size: totalOf(content.values()), isPartial: isPartial || undefined, manifests };
  const census = await censuses.last();
  if (census === undefined) return sizes;
  const own = [...content].filter(([digest]) => census.holders(digest).every((holder) => holder === stored));
  return { ...sizes, uniqueSize: totalOf(own.map(([, size]) => size)), uniqueSizeAt: showTime(census.takenAtMs) };
}

interface Asked {
  readonly name: RepositoryName;
  readonly exchange: Exchange;
  readonly facts: Facts;
  readonly parts: ShowParts;
}

/** An upstream's repository takes no pushes, and nothing is cached of a private one. */
function mayDo(action: Action, { name, exchange: { access }, facts, parts }: Asked): boolean {
  const isCached = facts.origin.kind === "cached";
  if (action === "cache" && !isCached) return false;
  if ((action === "push" || action === "delete") && (isCached || !parts.changeable.includes(action))) return false;
  return access === undefined ? action !== "admin" : access.may(action, name);
}
