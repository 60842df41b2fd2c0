import type { LookupAddress } from "node:dns";
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type AddressKind, addressKind } from "./address-kind.js";
import { InvalidAnswerError } from "./wire-errors.js";

/** Resolves a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const resolveByDns: Resolve = (hostname) => dnsLookup(hostname, { all: true });

interface AddressPolicyOptions {
  /** The endpoint's own host, which the operator chose. */
  readonly hostname: string;
  /** Other hosts that the operator chose. */
  readonly trusted: readonly string[];
  readonly network: "auto" | "public" | "private";
  readonly resolve: Resolve;
  readonly kindOf?: (address: string) => AddressKind;
}

/**
 * Where an endpoint may lead Berth by redirects and realms. One on the internet may lead only to the internet, one in a
 * private network also to private networks, and none to a link-local or metadata address. Names are judged by the
 * addresses that are then connected to, so a name that changes its address gains nothing.
 */
export class AddressPolicy {
  readonly #hostname: string;
  readonly #trusted: ReadonlySet<string>;
  readonly #resolve: Resolve;
  readonly #kindOf: (address: string) => AddressKind;
  readonly #network: "auto" | "public" | "private";
  /** A DNS answer was public: `auto` means `public` from then on. */
  #wasPublic = false;

  constructor(options: AddressPolicyOptions) {
    this.#hostname = bareHost(options.hostname);
    this.#trusted = new Set(options.trusted.map(bareHost));
    this.#resolve = options.resolve;
    this.#kindOf = options.kindOf ?? addressKind;
    this.#network = options.network;
    if (isIP(this.#hostname) !== 0) this.#learn([literal(this.#hostname)]);
  }

  /** Whether the endpoint is on the internet, as far as is known. */
  get isPublic(): boolean {
    return this.#network === "public" || (this.#network === "auto" && this.#wasPublic);
  }

  /** Refuses a URL with a forbidden address; names are judged later, by {@link lookup}. */
  admit(url: URL): void {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0 && !this.#allows(host, host)) throw this.#refusal(host, [host]);
  }

  /** Judges a name that an egress proxy will resolve, by our own DNS if it knows the name. */
  async admitByName(url: URL): Promise<void> {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0) return;
    const addresses = await this.#resolve(host).catch(() => []);
    if (addresses.length > 0) this.#allowedOf(host, addresses);
    // Behind a proxy, internet names often cannot be resolved here: such an endpoint is not private.
    else if (host === this.#hostname) this.#wasPublic = true;
  }

  /**
   * The addresses of a host that may be connected to.
   * @throws InvalidAnswerError if there are none
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
   * Each DNS answer is judged separately, since the first one may be a trick to make a public endpoint look private. A
   * public answer is final: a private one after it would be a trick too.
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
        ? "a public registry may not lead there; if it is in a private network, set `network: private`"
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
