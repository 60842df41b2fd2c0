import { Pace } from "../foundation/pace.js";
import { type Reservation, Semaphore } from "../foundation/semaphore.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AttemptOptions, Endpoint } from "./endpoint.js";
import { bodyForms, type ReceivedBody } from "./wire/content-coding.js";
import { roomlessBytes } from "./wire/response-body.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

const mebibyte = 1024 * 1024;
const maxPages = 1_000;
const maxPageBytes = 8 * mebibyte;
/** For all pages together, since a list is held in memory. */
const maxListBytes = 64 * mebibyte;

/** A list that may have pages. */
export interface ListRequest<Content> {
  readonly repository: RepositoryName;
  /** The first page. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Parses a page; `undefined` if it is not JSON.
   * @param isWhole whether it is the whole list
   */
  readonly read: (page: Buffer, isWhole: boolean) => Promise<Content | undefined>;
}

/** A part of a list. */
export interface ListPage<Content> {
  readonly content: Content;
  readonly bytes: number;
  /** The query of the next page, if there is one. */
  readonly next: string | undefined;
}

/**
 * Reads the pages of a list one after another, following `Link`. Each is a separate request with its own timeout, and
 * is sent only when the reader wants it.
 * @param ask reads one page, the first without a query
 */
export async function* pagesOf<Content>(
  ask: (query: string | undefined) => Promise<ListPage<Content>>,
  refuse: (what: string) => Error,
): AsyncGenerator<Content, void, void> {
  const seen = new Set<string>();
  let bytes = 0;
  for (let query: string | undefined; ; ) {
    const page = await ask(query);
    bytes += page.bytes;
    if (bytes > maxListBytes) throw refuse(`its list is larger than ${maxListBytes} bytes`);
    yield page.content;
    query = page.next;
    if (query === undefined) return;
    if (seen.has(query)) throw refuse("the pages of its list form a loop");
    if (seen.size === maxPages - 1) throw refuse(`its list has more than ${maxPages} pages`);
    seen.add(query);
  }
}

/** @param query of a later page; the rest of its link is ignored, so it cannot lead to another host or list */
export async function readPage<Content>(
  endpoint: Endpoint,
  { repository, url: first, headers, read }: ListRequest<Content>,
  query: string | undefined,
  options: AttemptOptions,
): Promise<ListPage<Content>> {
  const url = new URL(first);
  if (query !== undefined) url.search = query;
  const answer = await endpoint.send({ method: "GET", url, repository, requestClass: "list", headers }, options);
  const page = await answer.body.readAll(maxPageBytes, options.room);
  const next = nextQuery(String(answer.headers.link ?? ""));
  // A page that leads to itself would be read forever.
  if (next !== undefined && next === url.search.slice(1)) {
    throw new InvalidAnswerError("the pages of its list form a loop");
  }
  const isWhole = query === undefined && next === undefined;
  const content = await contentOf({ headers: answer.headers, bytes: page }, (form) => read(form, isWhole));
  return { content, bytes: page.length, next };
}

/**
 * Large pages of an upstream are read one at a time, and no faster than this: a page of 8 MiB takes half a second of
 * computing until its tags are checked, sorted and sent. Pages of the size that most registries send never wait.
 */
export class PageRooms {
  readonly #pace = new Pace({ perSecond: 4 * mebibyte, atOnce: 4 * mebibyte });
  readonly #rooms = new Semaphore(maxPageBytes, this.#pace);

  /** @param ask reads one page, in the room if it is large */
  read<Content>(ask: (room: Reservation) => Promise<ListPage<Content>>): Promise<ListPage<Content>> {
    return this.#rooms.reserve(async (room) => {
      const page = await ask(room);
      if (page.bytes > roomlessBytes) this.#pace.count(page.bytes);
      return page;
    });
  }
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

async function contentOf<Content>(
  received: ReceivedBody,
  read: (form: Buffer) => Promise<Content | undefined>,
): Promise<Content> {
  for await (const form of bodyForms(received, maxPageBytes)) {
    const content = await read(form);
    if (content !== undefined) return content;
  }
  throw new InvalidAnswerError("for a list it sends something other than JSON");
}

/** One link: its target, and its parameters up to the next unquoted comma (RFC 8288, "Link"). */
const linkPattern = /<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)/g;
const nextPattern = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i;
const maxHeaderLength = 8_192;

/** The target of the link with the relation `next`; `undefined` if there is none. */
export function nextLink(header: string): string | undefined {
  for (const [, target, parameters = ""] of header.slice(0, maxHeaderLength).matchAll(linkPattern)) {
    if (nextPattern.test(parameters)) return target;
  }
  return undefined;
}
