import type { OutgoingHttpHeaders } from "node:http";
import type { Served } from "../registry/repository.js";
import type { Exchange } from "./exchange.js";

/** Tells a client of a cache how its answer came about; a private repository has nothing to tell. */
export function addServedHeaders(headers: OutgoingHttpHeaders, served: Served): void {
  if (served.from === "storage") return;
  headers["X-Cache"] = served.from;
  if (served.age !== undefined) headers.Age = Math.floor(served.age);
  addWarning(headers, served.warning);
}

/** Clients print warnings of code 299 to their users (distribution-spec, "Warnings"). */
export function addWarning(headers: OutgoingHttpHeaders, warning: string | undefined): void {
  if (warning !== undefined) headers.Warning = `299 - "${quotable(warning)}"`;
}

/** Whether the client has this content already (RFC 9110, section 13.1.2); some send the digest without quotes. */
export function isKnownToClient(exchange: Exchange, etag: string): boolean {
  const condition = exchange.request.headers["if-none-match"];
  if (condition === undefined) return false;
  return condition.split(",").some((tag) => ["*", etag, `W/${etag}`, etag.slice(1, -1)].includes(tag.trim()));
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "'");
}
