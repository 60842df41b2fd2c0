import { RegistryError } from "../oci/errors.js";
import type { Page } from "../oci/listing.js";
import type { Exchange } from "./exchange.js";
import { prefixOf } from "./location.js";

const longestText = 512;

/** A page of at most `most` items, or of `usual` if the client gives no number (distribution-spec, "Listing Tags"). */
export function pageOfQuery(exchange: Exchange, usual: number, most: number): Page {
  const last = exchange.query.get("last");
  const limit = Math.min(most, limitOf(exchange.query.get("n"), usual));
  return last === null || last === "" ? { limit } : { limit, last: last.slice(0, longestText) };
}

/** The link to the next page: the same query, after the last item (RFC 8288). */
export function nextLink(exchange: Exchange, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(exchange.query);
  for (const [key, value] of Object.entries(parameters)) query.set(key, value);
  return `<${prefixOf(exchange)}${exchange.path}?${query}>; rel="next"`;
}

/** @throws RegistryError with status 400; nothing is allocated by the requested number (CVE-2023-2253) */
function limitOf(text: string | null, usual: number): number {
  if (text === null || text === "") return usual;
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new RegistryError("UNSUPPORTED", "n must be a whole number, at least 0", { status: 400 });
}
