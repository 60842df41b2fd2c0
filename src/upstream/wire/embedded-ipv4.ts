import { isIPv4 } from "node:net";

/** An IPv4 address inside an IPv6 one. */
export interface EmbeddedIPv4 {
  readonly ipv4: string;
  /** Whether the internet routes to it; otherwise it is reached inside the local network. */
  readonly isRouted: boolean;
}

/** The eight groups of an address in hexadecimal, and whether the internet routes to the embedded IPv4 address. */
const forms: readonly (readonly [pattern: RegExp, isRouted: boolean])[] = [
  // Mapped (RFC 4291), and translated by NAT64 (RFC 6052): as public as the embedded address.
  [/^0000:0000:0000:0000:0000:ffff:(.{9})$/, true],
  [/^0064:ff9b:0000:0000:0000:0000:(.{9})$/, true],
  // 6to4 (RFC 3056).
  [/^2002:(.{9}):/, true],
  // Local NAT64 (RFC 8215), and SIIT (RFC 2765).
  [/^0064:ff9b:0001:.{4}:.{4}:.{4}:(.{9})$/, false],
  [/^0000:0000:0000:0000:ffff:0000:(.{9})$/, false],
  // ISATAP (RFC 5214), in any network.
  [/:0[02]00:5efe:(.{9})$/, false],
];

/** `undefined` if the address contains none. */
export function embeddedIPv4(address: string): EmbeddedIPv4 | undefined {
  const groups = groupsOf(address);
  for (const [form, isRouted] of forms) {
    const [, hex] = form.exec(groups) ?? [];
    if (hex !== undefined) return { ipv4: dotted(hex), isRouted };
  }
  return undefined;
}

/** `::1` as `0000:0000:0000:0000:0000:0000:0000:0001`. */
function groupsOf(address: string): string {
  const last = address.slice(address.lastIndexOf(":") + 1);
  const plain = isIPv4(last) ? address.slice(0, -last.length) + hexPairs(last) : address;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const between = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...between, ...after].map((group) => group.padStart(4, "0")).join(":");
}

function hexPairs(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function dotted(hexPair: string): string {
  const bytes = hexPair.replace(":", "").match(/../g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte, 16)).join(".");
}
