/** Bytes by position: the body of a reply, without holding it in memory. */
export interface Content {
  /** Bytes; may be infinite. */
  readonly size: number;
  slice(start: number, end: number): Buffer;
}

export function contentOf(bytes: Buffer | string): Content {
  const buffer = Buffer.from(bytes);
  return { size: buffer.length, slice: (start, end) => buffer.subarray(start, end) };
}

export const noContent: Content = contentOf("");

/** The same block repeated, for content larger than memory. */
export function repeated(block: Buffer, size = Number.POSITIVE_INFINITY): Content {
  return {
    size,
    slice(start, end) {
      const from = start % block.length;
      const wanted = Math.min(end, size) - start;
      if (from + wanted <= block.length) return block.subarray(from, from + wanted);
      const parts = [block.subarray(from)];
      for (let length = block.length - from; length < wanted; length += block.length) parts.push(block);
      return Buffer.concat(parts, wanted);
    },
  };
}

/** A part of content. */
export function partOf(content: Content, start: number, end = content.size): Content {
  return { size: end - start, slice: (from, to) => content.slice(start + from, Math.min(start + to, end)) };
}

/** One after the other. */
export function joined(first: Content, second: Content): Content {
  return {
    size: first.size + second.size,
    slice(start, end) {
      if (end <= first.size) return first.slice(start, end);
      if (start >= first.size) return second.slice(start - first.size, end - first.size);
      return Buffer.concat([first.slice(start, first.size), second.slice(0, end - first.size)]);
    },
  };
}
