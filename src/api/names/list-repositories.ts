import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Exchange } from "../../http/exchange.js";
import { firstAfter } from "../../oci/listing.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { RepositorySummaries } from "../images/repository-summaries.js";
import { looking } from "../looking.js";
import { flagOf, pageSizeOf, textOf } from "../query.js";
import type { NameIndex } from "./name-index.js";

/** Sizes of more take too long to read for one answer. */
const mostWithDetails = 100;
const usualWithDetails = 50;

/** After a start, each repository is read from the disk. The page asks again for what is missing. */
const firstPageWithinMs = 60;
/** The page does not ask again for those: it would begin at the first one. */
const otherPageWithinMs = 300;

interface ListParts {
  readonly registry: Registry;
  readonly names: NameIndex;
  readonly summaries: RepositorySummaries;
}

interface NamePage {
  readonly items: readonly RepositoryName[];
  readonly next: string | undefined;
  readonly total: number | undefined;
}

/** Repositories that the client may pull: all, those below a folder, or those that a search finds. */
export async function listRepositories(exchange: Exchange, parts: ListParts): Promise<unknown> {
  const withDetails = flagOf(exchange, "details");
  const limit = withDetails ? pageSizeOf(exchange, mostWithDetails, usualWithDetails) : pageSizeOf(exchange);
  const page = await pageOf(exchange, parts, limit);
  const withinMs = textOf(exchange, "last") === undefined ? firstPageWithinMs : otherPageWithinMs;
  const items = withDetails
    ? await parts.names.first(() => parts.summaries.of(page.items, exchange, withinMs))
    : page.items.map((name) => ({ name }));
  return { items, next: page.next, total: page.total };
}

async function pageOf(exchange: Exchange, { registry, names }: ListParts, limit: number): Promise<NamePage> {
  const search = textOf(exchange, "search")?.toLowerCase() ?? "";
  const under = textOf(exchange, "under") ?? "";
  const last = textOf(exchange, "last");
  // Until the names have been read, the storage finds a first page sooner.
  if (search === "" && under === "" && (await names.known()) === undefined) {
    void names.prepare();
    return names.first(() => storedPage(exchange, { registry, names }, { limit, last }));
  }
  const folder = under === "" ? "" : `${under}/`;
  const isFound = (name: string) => name.startsWith(folder) && name.includes(search);
  return found(await names.all(), isFound, { last, limit, exchange });
}

async function storedPage(
  exchange: Exchange,
  { registry, names }: Pick<ListParts, "registry" | "names">,
  { limit, last }: Pick<Wanted, "limit" | "last">,
): Promise<NamePage> {
  const read = await registry.catalog({ limit, ...(last !== undefined && { last }) }, looking(exchange));
  const items = (await names.filled(read.items)).filter(isRepositoryName);
  return { items, next: read.more ? read.items.at(-1) : undefined, total: undefined };
}

interface Wanted {
  readonly last: string | undefined;
  readonly limit: number;
  readonly exchange: Exchange;
}

/** The total is known only without access control: with it, each name needs a decision. */
async function found(
  names: readonly string[],
  isFound: (name: string) => boolean,
  { last, limit, exchange: { access } }: Wanted,
): Promise<NamePage> {
  access?.requireCatalog();
  const items: RepositoryName[] = [];
  const breaks = new EventLoopBreaks();
  let next: string | undefined;
  for (let index = firstAfter(names, last); index < names.length; index++) {
    if (breaks.isDue) await breaks.take();
    const name = names[index];
    if (name === undefined || !isFound(name) || !isRepositoryName(name) || access?.lists(name) === false) continue;
    if (items.length === limit) {
      next = items.at(-1);
      break;
    }
    items.push(name);
  }
  return { items, next, total: access === undefined ? names.filter(isFound).length : undefined };
}
