import { BoundedMap } from "../../foundation/bounded-map.js";
import type { BlobReader } from "../../oci/blob-reader.js";

/** Recently arrived bytes to keep in memory, per download: hundreds may run at once. */
const arrivedBytes = 512 * 1024;
const pieceBytes = 256 * 1024;
/** Pieces read from the file to keep in memory. */
const heldPieces = 8;

interface Arrived {
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * The pieces of a growing file in memory, shared by all readers: a piece is neither read nor copied for each of them.
 * It belongs to one file: another one of the same digest may contain other bytes.
 */
export class RecentPieces {
  readonly #arrived: Arrived[] = [];
  #arrivedBytes = 0;
  readonly #read = new BoundedMap<number, Promise<Buffer>>(heldPieces);

  /** The bytes must not be changed afterwards. */
  add(start: number, bytes: Buffer): void {
    this.#arrived.push({ start, bytes });
    this.#arrivedBytes += bytes.length;
    while (this.#arrivedBytes > arrivedBytes && this.#arrived.length > 1) {
      this.#arrivedBytes -= this.#arrived.shift()?.bytes.length ?? 0;
    }
  }

  /** The bytes from the position to the end of a piece, if it arrived recently. */
  arrivedFrom(position: number): Buffer | undefined {
    const piece = this.#arrived.findLast(({ start, bytes }) => start <= position && position < start + bytes.length);
    return piece?.bytes.subarray(position - piece.start);
  }

  /** The bytes from the position to the end of a piece, if the file contains the whole piece before `end`. */
  async readFrom(position: number, file: BlobReader, end: number): Promise<Buffer | undefined> {
    const start = position - (position % pieceBytes);
    if (start + pieceBytes > end) return undefined;
    const piece = this.#read.get(start) ?? this.#start(start, file);
    return (await piece).subarray(position - start);
  }

  #start(start: number, file: BlobReader): Promise<Buffer> {
    const piece = readPiece(file, start);
    this.#read.set(start, piece);
    piece.catch(() => this.#read.delete(start));
    return piece;
  }
}

async function readPiece(file: BlobReader, start: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  const count = await file.read(piece, start);
  if (count < pieceBytes) throw new Error(`the content ends at ${start + count}`);
  return piece;
}
