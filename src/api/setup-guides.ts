import type { Exchange } from "../http/exchange.js";
import { originOf } from "../http/location.js";
import { RegistryError } from "../oci/errors.js";
import { badRequest } from "./query.js";

/** A client, or a server with access control, that `berth setup` can set up. */
export interface Guide {
  readonly name: string;
  readonly kind: "server" | "client";
  readonly meaning: string;
  /** The text for a registry at an address, such as `registry.example.com:5000`. */
  textFor(scheme: "http" | "https", address: string): string;
}

/** Lists what can be set up. */
export function listGuides(guides: readonly Guide[]): unknown {
  return { items: guides.map(({ name, kind, meaning }) => ({ name, kind, meaning })) };
}

/** The text of one, for the address that clients use, or else the one of this request. */
export function showGuide(exchange: Exchange, guides: readonly Guide[], publicUrl: string | undefined): unknown {
  const { client } = exchange.parameters;
  const guide = guides.find(({ name }) => name === client);
  if (guide === undefined)
    throw new RegistryError("UNSUPPORTED", "there is no such client; GET /v2/_berth/setup lists them", { status: 404 });
  const address = publicUrl ?? originOf(exchange);
  if (address === "") throw badRequest("the request has no Host header that names this registry");
  const { protocol, host } = new URL(address);
  return { client: guide.name, text: guide.textFor(protocol === "https:" ? "https" : "http", host) };
}
