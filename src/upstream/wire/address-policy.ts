import type { LookupAddress } from "node:dns";
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { type AddressKind, addressKind } from "./address-kind.js";
import { InvalidAnswerError } from "./wire-errors.js";

/** Finds the addresses of a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const resolveByDns: Resolve = (hostname) => dnsLookup(hostname, { all: true });

interface AddressPolicyOptions {
  /** The endpoint's own host, which the operator chose. */
  readonly hostname: string;
  /** Further hosts that the operator chose. */
  readonly trusted: readonly string[];
  readonly network: "auto" | "public" | "private";
  readonly resolve: Resolve;
  readonly kindOf?: (address: string) => AddressKind;
}

/**
 * Where an endpoint may lead Berth by redirects and realms. One on the internet may lead to the internet only, one
 * in a private network to private networks, too; nobody to a link-local or metadata address. Names are judged by the
 * addresses that are then connected to, so a name that changes its address gains nothing.
 */
export class AddressPolicy {
  readonly #hostname: string;
  readonly #trusted: ReadonlySet<string>;
  readonly #resolve: Resolve;
  readonly #kindOf: (address: string) => AddressKind;
  #network: "auto" | "public" | "private";

  constructor(options: AddressPolicyOptions) {
    this.#hostname = bareHost(options.hostname);
    this.#trusted = new Set(options.trusted.map(bareHost));
    this.#resolve = options.resolve;
    this.#kindOf = options.kindOf ?? addressKind;
    this.#network = options.network;
    if (isIP(this.#hostname) !== 0) this.#learn([{ address: this.#hostname, family: isIP(this.#hostname) }]);
  }

  /** Refuses a URL that names a forbidden address; names are judged later, by {@link lookup}. */
  admit(url: URL): void {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0 && !this.#allows(host, host)) throw this.#refusal(host, [host]);
  }

  /** Judges a name that an egress proxy will resolve: by what we resolve it to, if we can. */
  async admitByName(url: URL): Promise<void> {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0) return;
    const addresses = await this.#resolve(host).catch(() => []);
    if (addresses.length > 0) this.#allowedOf(host, addresses);
    // Behind a proxy names of the internet often have no address here: such an endpoint is not a private one.
    else if (host === this.#hostname && this.#network === "auto") this.#network = "public";
  }

  /** For agents: resolves as usual, and gives only what may be connected to. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname)
      .then((addresses) => this.#allowedOf(bareHost(hostname), addresses))
      .then(
        ([first, ...others]) => {
          if (options.all) callback(null, [first, ...others]);
          else callback(null, first.address, first.family);
        },
        (error: Error) => callback(error, ""),
      );
  };

  #allowedOf(host: string, addresses: LookupAddress[]): [LookupAddress, ...LookupAddress[]] {
    if (host === this.#hostname) this.#learn(addresses);
    const [first, ...others] = addresses.filter(({ address }) => this.#allows(host, address));
    if (!first) {
      throw this.#refusal(
        host,
        addresses.map(({ address }) => address),
      );
    }
    return [first, ...others];
  }

  /** One public address makes the endpoint public for good: a later private answer would be a trick. */
  #learn(addresses: readonly LookupAddress[]): void {
    if (this.#network !== "auto" || addresses.length === 0) return;
    const isPublic = addresses.some(({ address }) => this.#kindOf(address) === "public");
    this.#network = isPublic ? "public" : "private";
  }

  #allows(host: string, address: string): boolean {
    if (this.#trusted.has(host)) return true;
    const kind = this.#kindOf(address);
    if (kind === "public") return true;
    if (this.#network === "public") return false;
    return kind === "private" || host === this.#hostname;
  }

  #refusal(host: string, addresses: readonly string[]): InvalidAnswerError {
    const address = addresses[0] ?? "no address";
    const where = host === address ? address : `${host} (${address})`;
    const reason =
      this.#network === "public" && this.#kindOf(address) === "private"
        ? "a public registry may not lead there; if it lies in a private network, say so by `network: private`"
        : "nothing may lead there";
    return new InvalidAnswerError(`${where} is a ${this.#kindOf(address)} address: ${reason}`);
  }
}

function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}
