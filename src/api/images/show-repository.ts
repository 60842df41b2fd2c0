import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { type Action, actions } from "../../registry/access.js";
import type { Registry } from "../../registry/registry.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { lookAt } from "../looking.js";
import { repositoryOf } from "../query.js";
import type { Censuses } from "./content-census.js";
import { type Facts, type RepositoryFacts, summaryOf, totalOf } from "./repository-facts.js";

interface ShowParts {
  readonly registry: Registry;
  readonly storage: Storage;
  readonly facts: RepositoryFacts;
  readonly censuses: Censuses;
  /** What the configuration lets clients change in private repositories. */
  readonly changeable: readonly Action[];
}

export async function showRepository(exchange: Exchange, parts: ShowParts): Promise<unknown> {
  const name = repositoryOf(exchange);
  const repository = await lookAt(parts.registry, exchange, name);
  const facts = await parts.facts.of(repository, exchange);
  if (facts.tags === 0 && facts.manifests === 0)
    throw new RegistryError("NAME_UNKNOWN", `${name} is empty`, { detail: { name } });
  return {
    name,
    ...summaryOf(facts),
    size: totalOf(facts.content.values()),
    isPartial: facts.isPartial || undefined,
    manifests: facts.manifests,
    ...(await uniqueSize(repository.name, facts, parts.censuses)),
    may: actions.filter((action) => mayDo(action, { name, exchange, facts, parts })),
  };
}

async function uniqueSize(stored: RepositoryName, { content }: Facts, censuses: Censuses) {
  const census = await censuses.last();
  if (census === undefined) return {};
  const own = [...content].filter(([digest]) => census.holders(digest).every((holder) => holder === stored));
  return { uniqueSize: totalOf(own.map(([, size]) => size)), uniqueSizeAt: showTime(census.takenAtMs) };
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
