import type { LookupAddress } from "node:dns";
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP } from "node:net";
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
  readonly #network: "auto" | "public" | "private";
  /** An answer of the resolver was public: `auto` means `public` from then on. */
  #wasPublic = false;

  constructor(options: AddressPolicyOptions) {
    this.#hostname = bareHost(options.hostname);
    this.#trusted = new Set(options.trusted.map(bareHost));
    this.#resolve = options.resolve;
    this.#kindOf = options.kindOf ?? addressKind;
    this.#network = options.network;
    if (isIP(this.#hostname) !== 0) this.#learn([literal(this.#hostname)]);
  }

  /** Whether the endpoint lies on the internet, as far as is known. */
  get isPublic(): boolean {
    return this.#network === "public" || (this.#network === "auto" && this.#wasPublic);
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
    else if (host === this.#hostname) this.#wasPublic = true;
  }

  /**
   * The addresses of a host that may be connected to.
   * @throws InvalidAnswerError if it has none
   */
  async addressesOf(hostname: string): Promise<readonly LookupAddress[]> {
    const host = bareHost(hostname);
    return this.#allowedOf(host, isIP(host) === 0 ? await this.#resolve(host) : [literal(host)]);
  }

  #allowedOf(host: string, addresses: readonly LookupAddress[]): readonly LookupAddress[] {
    if (host === this.#hostname) this.#learn(addresses);
    const allowed = addresses.filter(({ address }) => this.#allows(host, address));
    if (allowed.length > 0) return allowed;
    throw this.#refusal(
      host,
      addresses.map(({ address }) => address),
    );
  }

  /**
   * Each answer of the resolver is judged by itself, since the first one may be a trick to make a public endpoint pass
   * for a private one. A public answer counts for good: a private one that follows would be a trick as well.
   */
  #learn(addresses: readonly LookupAddress[]): void {
    this.#wasPublic ||= addresses.some(({ address }) => this.#kindOf(address) === "public");
  }

  #allows(host: string, address: string): boolean {
    if (this.#trusted.has(host)) return true;
    const kind = this.#kindOf(address);
    if (kind === "public") return true;
    if (this.isPublic) return false;
    return kind === "private" || host === this.#hostname;
  }

  #refusal(host: string, addresses: readonly string[]): InvalidAnswerError {
    const address = addresses[0] ?? "no address";
    const where = host === address ? address : `${host} (${address})`;
    const reason =
      this.isPublic && this.#kindOf(address) === "private"
        ? "a public registry may not lead there; if it lies in a private network, say so by `network: private`"
        : "nothing may lead there";
    return new InvalidAnswerError(`${where} is a ${this.#kindOf(address)} address: ${reason}`);
  }
}

function literal(address: string): LookupAddress {
  return { address, family: isIP(address) };
}

function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}
