import { MessageChannel } from "node:worker_threads";

/** For less, the garbage collector is cheaper. */
const worthwhileBytes = 16 * 1024;

/**
 * Frees the memory of a buffer now, and leaves it empty. For bytes of a transfer that were copied: V8 sees only their
 * small objects and collects garbage of all generations whenever such memory has grown by some megabytes, which was a
 * quarter of the CPU time of a large push.
 *
 * @param buffer that nothing else uses; memory that it shares with others stays
 */
export function freeMemory(buffer: Buffer): void {
  const memory = buffer.buffer;
  if (buffer.length < worthwhileBytes || memory.byteLength !== buffer.length) return;
  if (memory instanceof ArrayBuffer) freeAtOnce(memory);
}

const freeAtOnce = methodOfArrayBuffers() ?? throughClosedPort();

/** Since Node 22. */
function methodOfArrayBuffers(): ((memory: ArrayBuffer) => void) | undefined {
  const transfer: unknown = Reflect.get(ArrayBuffer.prototype, "transfer");
  return typeof transfer === "function" ? (memory) => void transfer.call(memory, 0) : undefined;
}

/**
 * A message takes its memory along, and is dropped with it where nobody can receive it: at once, as soon as the port is
 * closed.
 */
function throughClosedPort(): (memory: ArrayBuffer) => void {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  port2.close();
  return (memory) => port1.postMessage(undefined, [memory]);
}
