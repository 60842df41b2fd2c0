/** The disk, or the part of it that a quota allows. In bytes. */
export interface DiskRoom {
  readonly size: number;
  readonly free: number;
}

/** A number of bytes, or a share of the disk from 0 to 1. */
export type DiskPart = { readonly bytes: number } | { readonly share: number };

export function bytesOfPart(part: DiskPart, { size }: Pick<DiskRoom, "size">): number {
  return "bytes" in part ? part.bytes : part.share * size;
}
