import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Exchange } from "../../http/exchange.js";
import { firstAfter } from "../../oci/listing.js";
import { isRepositoryName } from "../../oci/repository-name.js";
import { pageSizeOf, textOf } from "../query.js";
import type { NameIndex } from "./name-index.js";

/** A name directly below a folder. It can be a repository and a folder of others. */
interface Entry {
  isRepository: boolean;
  /** Below it, at any depth. */
  repositories: number;
}

/** One level of the tree that the slashes in names make. */
export async function listFolder(exchange: Exchange, names: NameIndex): Promise<unknown> {
  const limit = pageSizeOf(exchange);
  const under = textOf(exchange, "under") ?? "";
  const last = textOf(exchange, "last") ?? "";
  const entries = await entriesBelow(under === "" ? "" : `${under}/`, await names.all(), exchange);
  const after = [...entries].filter(([name]) => name > last).sort(([one], [other]) => (one < other ? -1 : 1));
  const page = after.slice(0, limit);
  return {
    under,
    folders: page
      .filter(([, { repositories }]) => repositories > 0)
      .map(([name, { repositories }]) => ({ name, repositories })),
    repositories: page.filter(([, { isRepository }]) => isRepository).map(([name]) => name),
    next: after.length > limit ? page.at(-1)?.[0] : undefined,
  };
}

/** Only what the client may pull. */
async function entriesBelow(
  folder: string,
  names: readonly string[],
  { access }: Exchange,
): Promise<ReadonlyMap<string, Entry>> {
  access?.requireCatalog();
  const entries = new Map<string, Entry>();
  const breaks = new EventLoopBreaks();
  // Names with the same beginning follow one another.
  for (let index = firstAfter(names, folder); names[index]?.startsWith(folder); index++) {
    if (breaks.isDue) await breaks.take();
    const name = names[index] ?? "";
    if (!isRepositoryName(name) || access?.lists(name) === false) continue;
    const slash = name.indexOf("/", folder.length);
    const key = slash < 0 ? name : name.slice(0, slash);
    const entry = entries.get(key) ?? { isRepository: false, repositories: 0 };
    if (slash < 0) entry.isRepository = true;
    else entry.repositories++;
    entries.set(key, entry);
  }
  return entries;
}
