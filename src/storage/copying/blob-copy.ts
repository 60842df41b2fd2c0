import { SingleFlight } from "../../foundation/single-flight.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.js";
import { layout } from "../layout.js";
import type { Storage } from "../storage.js";
import type { CopyReport } from "./copy-report.js";

const readAtOnce = 1024 * 1024;

interface BlobCopyParts {
  readonly source: Storage;
  readonly target: Storage;
  /** Keys of the blobs that the target had at the beginning, and their sizes. */
  readonly there: ReadonlyMap<string, number>;
  readonly report: CopyReport;
  /** Nothing is copied, but counted. */
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

/** Copies blobs, each once. A blob gets its name in the target only if its bytes have its digest. */
export class BlobCopy {
  readonly #parts: BlobCopyParts;
  readonly #copies = new SingleFlight<Digest, boolean>();
  readonly #done = new Set<Digest>();

  constructor(parts: BlobCopyParts) {
    this.#parts = parts;
  }

  /** @returns whether the target has it now */
  async ensure(digest: Digest): Promise<boolean> {
    const { damaged, missing } = this.#parts.report;
    if (this.#done.has(digest)) return true;
    if (damaged.has(digest) || missing.has(digest)) return false;
    const isThere = await this.#copies.run(digest, () => this.#copy(digest));
    if (isThere) this.#done.add(digest);
    return isThere;
  }

  async #copy(digest: Digest): Promise<boolean> {
    const { source, there, report, isDryRun, signal } = this.#parts;
    signal.throwIfAborted();
    const size = await source.blobs.storedSize(digest);
    const key = layout.blob(digest);
    // An empty file is left by a power failure, or by a check that found damage.
    if (size !== undefined && there.get(key) === size && size > 0) return true;
    const reader = size === undefined ? undefined : await source.driver.openRead(key);
    if (reader === undefined) {
      report.missing.add(digest);
      return false;
    }
    try {
      if (!isDryRun && !(await this.#send(digest, reader))) {
        report.damaged.add(digest);
        return false;
      }
    } finally {
      await reader.close();
    }
    report.blobs++;
    report.bytes += reader.size;
    return true;
  }

  async #send(digest: Digest, reader: BlobReader): Promise<boolean> {
    const { target, signal } = this.#parts;
    const staged = target.uploads.placeOf(digest);
    const digester = new Digester(algorithmOf(digest));
    try {
      await staged.append(0, hashedPieces(reader, digester, signal));
      if (digester.digest() === digest) {
        await target.blobs.commit(digest, staged, []);
        return true;
      }
    } catch (error) {
      await staged.discard();
      throw error;
    }
    await staged.discard();
    return false;
  }
}

async function* hashedPieces(reader: BlobReader, digester: Digester, signal: AbortSignal): AsyncIterable<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(readAtOnce, Math.max(1, reader.size)));
  for (let position = 0; position < reader.size; ) {
    signal.throwIfAborted();
    const count = await reader.read(buffer, position);
    if (count === 0) return;
    digester.update(buffer.subarray(0, count));
    position += count;
    yield buffer.subarray(0, count);
  }
}
