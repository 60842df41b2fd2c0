import type { Logger } from "../../observability/logger.js";
import type { UpstreamBlob } from "../../upstream/upstream-client.js";
import type { WantedBlob } from "./wanted-blob.js";

/** A request for a larger part is not a lazy pull. */
const largestPart = 16 * 1024 * 1024;
/** A nearer part will arrive soon enough with the download. */
const farAhead = 1024 * 1024;

/** A range of bytes; `end` is exclusive. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/** Whether a part of a running download should be fetched separately, if the operator allows that. */
export function isWorthFetchingApart({ policy }: WantedBlob, { start, end }: Part, arrived: number): boolean {
  return policy.lazyRanges && end - start <= largestPart && start > arrived + farAhead;
}

/**
 * A small part of a blob that is fetched separately and passed on unverified, while the download continues: stargz,
 * SOCI, nydus and zstd:chunked first read an index at the end of a layer, and verify each chunk with it.
 */
export class LazyPart {
  readonly #wanted: WantedBlob;
  readonly #part: Part;
  readonly #options: { readonly signal: AbortSignal; readonly log: Logger };
  #opening: Promise<UpstreamBlob | undefined> | undefined;
  #content: AsyncIterator<Buffer> | undefined;
  #piece: Buffer = Buffer.alloc(0);

  constructor(wanted: WantedBlob, part: Part, options: { readonly signal: AbortSignal; readonly log: Logger }) {
    this.#wanted = wanted;
    this.#part = part;
    this.#options = options;
  }

  /** Whether the upstream sends the part; asks on the first call. */
  async isOpen(): Promise<boolean> {
    this.#opening ??= this.#open();
    const blob = await this.#opening;
    this.#content ??= blob?.content[Symbol.asyncIterator]();
    return blob !== undefined;
  }

  /** Reads the next bytes; must be called in order, and not beyond the end. */
  async read(into: Buffer): Promise<number> {
    if (this.#piece.length === 0) this.#piece = (await this.#content?.next())?.value ?? this.#piece;
    const count = this.#piece.copy(into);
    this.#piece = this.#piece.subarray(count);
    return count;
  }

  close(): void {
    this.#opening?.then((blob) => blob?.close()).catch(() => {});
  }

  async #open(): Promise<UpstreamBlob | undefined> {
    const { client, remoteName, digest, trail } = this.#wanted;
    const { start, end } = this.#part;
    try {
      const blob = await client.getBlob(
        remoteName,
        digest,
        { offset: start, end: end - 1 },
        { ...this.#options, trail },
      );
      if (blob.start === start && blob.end === end && blob.codings.length === 0) return blob;
      blob.close();
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      this.#options.log.debug("a part of a blob cannot be fetched apart from its download", { digest, error });
    }
    return undefined;
  }
}
