import { BlockList, isIP, isIPv6 } from "node:net";

/** Addresses and networks. */
export class AddressList {
  readonly #listed = new BlockList();

  /** @param entries such as `10.0.0.0/8` or `::1` */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [address = "", bits] = entry.split("/");
      const family = familyOf(address);
      if (bits === undefined) this.#listed.addAddress(address, family);
      else this.#listed.addSubnet(address, Number(bits), family);
    }
  }

  includes(address: string): boolean {
    const plain = withoutMapping(address);
    return isIP(plain) !== 0 && this.#listed.check(plain, familyOf(plain));
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/** A server on all addresses sees IPv4 clients as IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2). */
export function withoutMapping(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
