import type { Readable, Writable } from "node:stream";

const lineEnd = 0x0a;

/** Passes on what another process writes, by whole lines, so that those of several never cut into each other. */
export function passLinesOn(from: Readable, to: Writable): void {
  // What breaks the stream has ended the process that wrote it, which is told elsewhere.
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

/** Whoever reads may be slow, and then so is what is passed on; or gone, and then it is lost. */
function written(to: Writable, parts: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    to.write(Buffer.concat(parts), () => resolve());
  });
}
