import { isIPv4 } from "node:net";

/** DER, the encoding of certificates: tag, length, content (ITU-T X.690). Only what `certificate.ts` needs. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

/** From 128 on, the first byte holds the number of length bytes. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

export const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
export const setOf = (...parts: readonly Buffer[]) => der(0x31, ...parts);
export const integer = (value: Buffer) => der(0x02, value);
export const octets = (...parts: readonly Buffer[]) => der(0x04, ...parts);
export const text = (value: string) => der(0x0c, Buffer.from(value));
export const yes = der(0x01, Buffer.from([0xff]));

/** A context-specific tag: `[0]`, `[1]` and so on of the enclosing structure. */
export const tagged = (number: number, ...parts: readonly Buffer[]) => der(0xa0 + number, ...parts);
export const taggedBytes = (number: number, bytes: Buffer) => der(0x80 + number, bytes);

/** @param unused number of unused bits at the end */
export function bits(value: Buffer, unused = 0): Buffer {
  return der(0x03, Buffer.from([unused]), value);
}

/** An object identifier, such as `2.5.29.17`: seven bits per byte; all but the last byte have the eighth bit set. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

/** The year has two digits before 2050, and four from then on (RFC 5280, section 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/\D/g, "")}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** The 4 or 16 bytes of an IP address. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  // Normalised by the URL parser, which turns an IPv4 address at the end into two groups.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = written.split("::");
  const groups = (side: string) => side.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = [...before, ...new Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}
