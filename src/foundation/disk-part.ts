/** A number of bytes, or a share of the disk from 0 to 1. */
export type DiskPart = { readonly bytes: number } | { readonly share: number };

/** @param size of the disk, in bytes */
export function bytesOfPart(part: DiskPart, size: number): number {
  return "bytes" in part ? part.bytes : part.share * size;
}
