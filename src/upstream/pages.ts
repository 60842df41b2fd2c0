import { withFoldedKeys } from "../oci/folded-key.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { nextLink } from "./link-header.js";
import { bodyForms } from "./received-body.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

const maxPages = 1_000;
const maxPageBytes = 8 * 1024 * 1024;
/** For all pages together, since a list is held in memory. */
const maxListBytes = 64 * 1024 * 1024;

/** A list that may have pages, each of them a JSON object. */
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
  /** The query of the next page, if there is one. */
  readonly next: string | undefined;
}

/**
 * Reads the pages of a list one after another, following `Link`. Each is a separate request with its own timeout, and
 * is sent only when the reader wants it.
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
    if (seen.has(query)) throw refuse("the pages of its list form a loop");
    if (seen.size === maxPages - 1) throw refuse(`its list has more than ${maxPages} pages`);
    seen.add(query);
  }
}

/** @param query of a later page; the rest of its link is ignored, so it cannot lead to another host or list */
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
  // A page that leads to itself would be read forever.
  if (next !== undefined && next === url.search.slice(1)) {
    throw new InvalidAnswerError("the pages of its list form a loop");
  }
  return { json, bytes: page.length, next };
}

/**
 * Behind a reverse proxy, a registry writes its own host, scheme, port or path into the link, or encodes the path. None
 * of that is needed: the list is known, and the query says where it continues.
 */
function nextQuery(link: string): string | undefined {
  const target = nextLink(link);
  if (target === undefined) return undefined;
  const [, query] = /^[^?#]*\?([^#]+)/.exec(target) ?? [];
  if (query === undefined)
    throw new InvalidAnswerError("its list continues, but the link to the next page has no query");
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
