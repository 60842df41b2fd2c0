import type { OutgoingHttpHeaders } from "node:http";
import type { Page, PageOf } from "../../oci/listing.js";
import type { Exchange } from "../exchange.js";
import { jsonWithList } from "../json-lists.js";
import { nextLink, pageOfQuery } from "../pagination.js";
import { pulledRepository } from "../parameters.js";
import { addWarning, sendBytes } from "../send.js";
import type { Handler, HandlerDependencies } from "./handler.js";

/** Many clients read only the first page, so it contains all tags, unless there are very many. */
const tagsPerPage = { usual: 100_000, most: 100_000 };
const usualRepositories = 100;

/** Shorter lists are serialized faster than they are looked up. */
const worthKeeping = 200;

/** More are serialized in steps. */
const atOnce = 4_000;

export function listTags({ registry }: HandlerDependencies): Handler {
  const bodies = new WeakMap<readonly string[], Buffer>();
  return async function listTags(exchange) {
    const page = pageOfQuery(exchange, tagsPerPage.usual, tagsPerPage.most);
    const repository = await pulledRepository(registry, exchange);
    const tags = await repository.listTags(page, exchange);
    const body = await kept(bodies, tags.items, { name: repository.name }, "tags");
    sendPage(exchange, page, tags, body);
  };
}

export function listRepositories({ registry, catalogMaxEntries }: HandlerDependencies): Handler {
  const bodies = new WeakMap<readonly string[], Buffer>();
  return async function listRepositories(exchange) {
    const page = pageOfQuery(exchange, usualRepositories, catalogMaxEntries);
    const repositories = await registry.catalog(page, exchange);
    const body = await kept(bodies, repositories.items, {}, "repositories");
    sendPage(exchange, page, repositories, body);
  };
}

function sendPage(exchange: Exchange, page: Page, { items, more, warning }: PageOf<string>, body: Buffer): void {
  const headers: OutgoingHttpHeaders = { "Content-Type": "application/json" };
  if (warning !== undefined) addWarning(headers, warning);
  const last = items.at(-1);
  if (more && last !== undefined) headers.Link = nextLink(exchange, { n: String(page.limit), last });
  sendBytes(exchange, 200, headers, body);
}

/** The storage returns the same array until something changes, so it is serialized once. */
async function kept(
  bodies: WeakMap<readonly string[], Buffer>,
  items: readonly string[],
  head: Readonly<Record<string, string>>,
  key: string,
): Promise<Buffer> {
  const known = bodies.get(items);
  if (known !== undefined) return known;
  if (items.length < atOnce) {
    const body = Buffer.from(JSON.stringify({ ...head, [key]: items }));
    if (items.length >= worthKeeping) bodies.set(items, body);
    return body;
  }
  const body = await jsonWithList({ ...head, [key]: [] }, items);
  bodies.set(items, body);
  return body;
}
