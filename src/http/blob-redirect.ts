import type { RepositoryName } from "../oci/repository-name.js";
import { NamePatterns } from "../registry/name-patterns.js";
import type { OpenedBlob } from "../registry/repository.js";
import { AddressList } from "./address-list.js";
import type { Exchange } from "./exchange.js";

/** The settings `storage.s3.redirect`, as far as they choose requests. */
export interface RedirectSettings {
  /** Patterns of repositories. */
  readonly repositories: readonly string[];
  /** Addresses and networks of clients; empty for all. */
  readonly networks: readonly string[];
  /** Bytes of the smallest blob that is worth a second request. */
  readonly minSize: number;
}

/** Decides which pulls of blobs clients continue at the store. */
export class BlobRedirect {
  readonly #patterns: NamePatterns;
  readonly #networks: AddressList | undefined;
  readonly #minSize: number;

  constructor({ repositories, networks, minSize }: RedirectSettings) {
    this.#patterns = new NamePatterns(repositories);
    this.#networks = networks.length === 0 ? undefined : new AddressList(networks);
    this.#minSize = minSize;
  }

  /** The address to send the client to; `undefined` if it gets the content from here. */
  async addressFor(
    exchange: Exchange,
    name: RepositoryName,
    { size, content }: OpenedBlob,
  ): Promise<string | undefined> {
    // Of a blob that is still being downloaded, the size may be unknown.
    if (size < this.#minSize || !Number.isFinite(size)) return undefined;
    if (this.#networks?.includes(exchange.caller.address) === false) return undefined;
    if (this.#patterns.find(name) === undefined) return undefined;
    const address = await content.locate();
    return address !== undefined && isSafe(exchange, address) ? address : undefined;
  }
}

/**
 * Clients written in Go, docker among them, send their credentials on to the host that they came from and all below it.
 * A store refuses such a request, since its address has a signature already (moby#50065).
 */
function isSafe({ request: { headers } }: Exchange, address: string): boolean {
  if (headers.authorization === undefined) return true;
  const own = /^(\[[^\]]*\]|[^:]*)/.exec(headers.host ?? "")?.[0].toLowerCase() ?? "";
  const { hostname } = new URL(address);
  return own !== "" && hostname !== own && !hostname.endsWith(`.${own}`);
}
