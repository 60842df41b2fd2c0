import type { Descriptor } from "./descriptor.js";
import { algorithmOf, digestOf } from "./digest.js";

/**
 * Whether the content embedded in a descriptor, if any, matches it. Clients may use it instead of a pull (image-spec,
 * "Content Descriptors": `data`), so any other content would be served under the digest.
 */
export function carriesOwnContent({ data, digest, size }: Descriptor): boolean {
  if (data === undefined) return true;
  if (data.length !== Math.ceil(size / 3) * 4) return false;
  const bytes = Buffer.from(data, "base64");
  // Node skips characters that are not base64.
  return bytes.length === size && bytes.toString("base64") === data && digestOf(bytes, algorithmOf(digest)) === digest;
}
