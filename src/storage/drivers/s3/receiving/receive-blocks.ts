/** As much as a system hands over at once, on a fast network. */
const blockBytes = 128 * 1024;

/** With less room left, the next block is begun: a read of a few bytes costs as much as one of many. */
const leastRoom = 16 * 1024;

/** Unused blocks that are kept for the next connection. */
const mostFree = 64;

const free: Buffer[] = [];
const none = Buffer.alloc(0);

interface Block {
  readonly buffer: Buffer;
  filled: number;
  /** How many pieces are in use. */
  used: number;
}

/** What was received: bytes of a block, until they are released. */
export interface ReceivedPiece {
  readonly bytes: Buffer;
  readonly release: () => void;
}

/**
 * The memory into which a connection receives. Node's own makes a buffer for each read, and collecting those as garbage
 * took half of the CPU time of a pull; blocks are filled again as soon as what they hold has been copied.
 */
export class ReceiveBlocks {
  #current: Block | undefined;
  #isClosed = false;

  /** Where the next bytes go, until this is called again. */
  room(): Buffer {
    // A socket asks for it once more after it was closed.
    if (this.#isClosed) return none;
    const { buffer, filled } = this.#roomy();
    return buffer.subarray(filled);
  }

  /** Call it when so many bytes have been written to the room. */
  take(count: number): ReceivedPiece {
    const block = this.#current;
    if (block === undefined) throw new Error("nothing can have been received");
    const bytes = block.buffer.subarray(block.filled, block.filled + count);
    block.filled += count;
    block.used++;
    return { bytes, release: () => this.#release(block) };
  }

  /** Call it when the connection is closed. */
  close(): void {
    this.#isClosed = true;
    if (this.#current !== undefined) this.#leave(this.#current);
  }

  #release(block: Block): void {
    block.used--;
    if (block.used === 0 && block !== this.#current) giveBack(block);
  }

  #roomy(): Block {
    const current = this.#current;
    if (current?.used === 0) current.filled = 0;
    if (current !== undefined && blockBytes - current.filled >= leastRoom) return current;
    if (current !== undefined) this.#leave(current);
    this.#current = { buffer: free.pop() ?? Buffer.allocUnsafeSlow(blockBytes), filled: 0, used: 0 };
    return this.#current;
  }

  /** Nothing more is written to it. */
  #leave(block: Block): void {
    this.#current = undefined;
    if (block.used === 0) giveBack(block);
  }
}

function giveBack({ buffer }: Block): void {
  if (free.length < mostFree) free.push(buffer);
}
