import type { Readable, Writable } from "node:stream";

const lineEnd = 0x0a;

/** Passes on another process's output by whole lines, so that lines of several processes never mix. */
export function passLinesOn(from: Readable, to: Writable): void {
  // If the stream breaks, its writer has ended, which is reported elsewhere.
  passOn(from, to).catch(() => {});
}

async function passOn(from: AsyncIterable<Buffer>, to: Writable): Promise<void> {
  let rest: Buffer[] = [];
  for await (const chunk of from) {
    const end = chunk.lastIndexOf(lineEnd) + 1;
    if (end > 0) {
      await written(to, [...rest, chunk.subarray(0, end)]);
      rest = [];
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
  }
  if (rest.length > 0) await written(to, [...rest, Buffer.of(lineEnd)]);
}

/** A slow reader slows the sender down; if the reader is gone, the output is lost. */
function written(to: Writable, parts: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    to.write(Buffer.concat(parts), () => resolve());
  });
}
