import { gzipSync } from "node:zlib";
import { digestOf } from "../../src/oci/digest.js";

/** A layer of an image, and the digest of its archive, which the image's config contains. */
export interface TarLayer {
  readonly bytes: Buffer;
  readonly diffId: string;
}

const blockSize = 512;

/** A gzipped archive with one file, which every client can unpack. */
export function tarLayer(path: string, text: string): TarLayer {
  const content = Buffer.from(text);
  const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize);
  const archive = Buffer.concat([header(path, content.length), content, padding, Buffer.alloc(2 * blockSize)]);
  return { bytes: gzipSync(archive), diffId: digestOf(archive) };
}

/** POSIX.1-1988, the ustar format: text fields, numbers in octal. */
function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(path, 0);
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write(" ".repeat(8), 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
