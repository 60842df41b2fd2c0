import { BlockList, isIPv6 } from "node:net";
import { embeddedIPv4 } from "./embedded-ipv4.js";

/**
 * - `private`: loopback and networks that the internet does not route
 * - `link-local`: the local link, and the metadata addresses of clouds, wherever they are
 * - `reserved`: unspecified, multicast, documentation, future use
 */
export type AddressKind = "public" | "private" | "link-local" | "reserved";

/** From the IANA registries of special-purpose addresses (RFC 6890 and later), and the documentation of the clouds. */
const ranges: readonly (readonly [AddressKind, readonly string[]])[] = [
  ["link-local", ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32"]],
  ["link-local", ["fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"]],
  ["private", ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]],
  ["private", ["::1/128", "fc00::/7", "fec0::/10"]],
  ["reserved", ["0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"]],
  ["reserved", ["203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"]],
  // Protocol assignments (including Teredo), and documentation.
  ["reserved", ["2001::/23", "2001:db8::/32", "3fff::/20"]],
];

/** The first list that contains an address determines its kind. */
const kinds = ranges.map(([kind, list]) => [kind, listOf(list)] as const);
/** Everything that IANA has allocated for the internet (RFC 4291, "Global Unicast Addresses"). */
const globalUnicast = listOf(["2000::/3"]);

/** The kind of network of an IP address, also of an IPv4 address inside an IPv6 one. */
export function addressKind(address: string): AddressKind {
  const bare = address.replace(/%.*$/, "");
  if (!isIPv6(bare)) return listedKind(bare, "ipv4") ?? "public";
  const { ipv4, isRouted } = embeddedIPv4(bare) ?? {};
  if (ipv4 !== undefined) {
    const kind = addressKind(ipv4);
    return kind === "public" && !isRouted ? "private" : kind;
  }
  return listedKind(bare, "ipv6") ?? (globalUnicast.check(bare, "ipv6") ? "public" : "reserved");
}

function listedKind(address: string, family: "ipv4" | "ipv6"): AddressKind | undefined {
  return kinds.find(([, list]) => list.check(address, family))?.[0];
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", bits] = network.split("/");
    list.addSubnet(base, Number(bits), isIPv6(base) ? "ipv6" : "ipv4");
  }
  return list;
}
