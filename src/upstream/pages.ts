import { withFoldedKeys } from "../oci/folded-key.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { nextLink } from "./link-header.js";
import { bodyForms } from "./received-body.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

const maxPages = 1_000;
const maxPageBytes = 8 * 1024 * 1024;
/** Of all pages together: a list is held in memory. */
const maxListBytes = 64 * 1024 * 1024;

/** A list that may come in pages, and whose pages are JSON objects. */
export interface ListQuestion {
  readonly repository: RepositoryName;
  /** The first page. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A part of a list. */
export interface ListPage {
  readonly json: JsonObject;
  readonly bytes: number;
  /** The query of the next one, if there is one. */
  readonly next: string | undefined;
}

/**
 * Reads the pages of a list one after the other, as `Link` leads from one to the next. Each is a question of its own,
 * with its own time, and asked for only when the reader wants it.
 * @param ask reads one page, the first without a query
 */
export async function* pagesOf(
  ask: (query: string | undefined) => Promise<ListPage>,
  refuse: (what: string) => Error,
): AsyncGenerator<JsonObject, void, void> {
  const seen = new Set<string>();
  let bytes = 0;
  for (let query: string | undefined; ; ) {
    const page = await ask(query);
    bytes += page.bytes;
    if (bytes > maxListBytes) throw refuse(`its list is larger than ${maxListBytes} bytes`);
    yield page.json;
    query = page.next;
    if (query === undefined) return;
    if (seen.has(query)) throw refuse("the pages of its list go in a circle");
    if (seen.size === maxPages - 1) throw refuse(`its list has more than ${maxPages} pages`);
    seen.add(query);
  }
}

/** @param query of a page that is not the first: nothing else of a link counts, so no other host or list can be meant */
export async function readPage(
  endpoint: Endpoint,
  { repository, url: first, headers }: ListQuestion,
  query: string | undefined,
  asking: Asking,
): Promise<ListPage> {
  const url = new URL(first);
  if (query !== undefined) url.search = query;
  const answer = await endpoint.ask({ method: "GET", url, repository, lane: "list", headers }, asking);
  const page = await answer.body.readAll(maxPageBytes);
  const json = await objectIn({ headers: answer.headers, bytes: page });
  const next = nextQuery(String(answer.headers.link ?? ""));
  // A page that leads to itself would be read for ever.
  if (next !== undefined && next === url.search.slice(1)) {
    throw new InvalidAnswerError("the pages of its list go in a circle");
  }
  return { json, bytes: page.length, next };
}

/**
 * Behind a reverse proxy the registry writes its own host, scheme, port or path into the link, or encodes the path. None
 * of that is needed: the list is the one that was asked for, and the query says where it goes on.
 */
function nextQuery(link: string): string | undefined {
  const target = nextLink(link);
  if (target === undefined) return undefined;
  const [, query] = /^[^?#]*\?([^#]+)/.exec(target) ?? [];
  if (query === undefined) throw new InvalidAnswerError("its list goes on, but the link to the next page has no query");
  return query;
}

async function objectIn(received: Parameters<typeof bodyForms>[0]): Promise<JsonObject> {
  for await (const bytes of bodyForms(received, maxPageBytes)) {
    const json = parseObject(bytes);
    if (json !== undefined) return json;
  }
  throw new InvalidAnswerError("for a list it sends something other than JSON");
}

function parseObject(page: Buffer): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(page.toString("utf8"));
    return typeof json === "object" && json !== null && !Array.isArray(json) ? withFoldedKeys(json) : undefined;
  } catch {
    return undefined;
  }
}
