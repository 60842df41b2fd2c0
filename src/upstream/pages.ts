import type { RepositoryName } from "../oci/repository-name.js";
import { refuseEncoded } from "./answer-headers.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { nextLink } from "./link-header.js";
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

/**
 * Reads the pages of a list one after the other, as `Link` leads from one to the next. Only its query is followed, so
 * that no other host and no other list can be meant.
 */
export async function* pagesOf(
  endpoint: Endpoint,
  question: ListQuestion,
  asking: Asking,
): AsyncGenerator<JsonObject, void, void> {
  const { repository, headers } = question;
  const seen = new Set<string>();
  let bytes = 0;
  for (let url: URL | undefined = question.url; url; ) {
    if (seen.has(url.href)) throw new InvalidAnswerError("the pages of its list go in a circle");
    if (seen.size === maxPages) throw new InvalidAnswerError(`its list has more than ${maxPages} pages`);
    seen.add(url.href);
    const answer = await endpoint.ask({ method: "GET", url, repository, lane: "list", headers }, asking);
    refuseEncoded(answer.headers);
    const page = await answer.body.readAll(maxPageBytes);
    bytes += page.length;
    if (bytes > maxListBytes) throw new InvalidAnswerError(`its list is larger than ${maxListBytes} bytes`);
    yield parseObject(page);
    url = nextPage(url, String(answer.headers.link ?? ""));
  }
}

/**
 * Behind a reverse proxy the registry writes its own host, scheme, port or path into the link, or encodes the path. None
 * of that is needed: the list is the one that was asked for, and the query says where it goes on.
 */
function nextPage(current: URL, link: string): URL | undefined {
  const target = nextLink(link);
  if (target === undefined) return undefined;
  const [, query] = /^[^?#]*\?([^#]+)/.exec(target) ?? [];
  if (query === undefined) throw new InvalidAnswerError("its list goes on, but the link to the next page has no query");
  const url = new URL(current);
  url.search = query;
  return url;
}

function parseObject(page: Buffer): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(page.toString("utf8"));
  } catch {
    json = undefined;
  }
  if (typeof json !== "object" || json === null)
    throw new InvalidAnswerError("for a list it sends something other than JSON");
  return { ...json };
}
