import { BlockList, isIPv6 } from "node:net";

/**
 * - `private`: loopback and networks that the internet does not route
 * - `link-local`: one's own link, and the metadata addresses of clouds, wherever they lie
 * - `reserved`: nobody's (unspecified, multicast, documentation, future use)
 */
export type AddressKind = "public" | "private" | "link-local" | "reserved";

const linkLocalRanges = {
  ipv4: ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32"],
  ipv6: ["fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"],
};
const privateRanges = {
  ipv4: ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ipv6: ["::1/128", "fc00::/7", "fec0::/10"],
};
const reservedRanges = {
  ipv4: [
    "0.0.0.0/8",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
  ],
  ipv6: ["::/96", "100::/64", "2001:db8::/32", "ff00::/8"],
};

/** The first list that holds an address says its kind. */
const kinds: readonly (readonly [AddressKind, BlockList])[] = [
  ["link-local", listOf(linkLocalRanges)],
  ["private", listOf(privateRanges)],
  ["reserved", listOf(reservedRanges)],
];

/** What kind of network an IP address lies in, seen through its IPv6 disguises. */
export function addressKind(address: string): AddressKind {
  const bare = address.replace(/%.*$/, "");
  const family = isIPv6(bare) ? "ipv6" : "ipv4";
  return kinds.find(([, list]) => list.check(bare, family))?.[0] ?? "public";
}

function listOf(ranges: { ipv4: readonly string[]; ipv6: readonly string[] }): BlockList {
  const list = new BlockList();
  for (const range of ranges.ipv4) {
    const [network, bits] = split(range);
    list.addSubnet(network, bits, "ipv4");
    // NAT64 and 6to4 carry the IPv4 address inside; the mapped form is looked through by BlockList itself.
    list.addSubnet(`64:ff9b::${hexPairs(network)}`, 96 + bits, "ipv6");
    list.addSubnet(`2002:${hexPairs(network)}::`, 16 + bits, "ipv6");
  }
  for (const range of ranges.ipv6) list.addSubnet(...split(range), "ipv6");
  return list;
}

function split(range: string): [network: string, bits: number] {
  const slash = range.indexOf("/");
  return [range.slice(0, slash), Number(range.slice(slash + 1))];
}

function hexPairs(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
