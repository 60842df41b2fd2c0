import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Content, contentOf, noContent } from "./content.js";
import type { Throttle } from "./throttle.js";

/** A response before it is sent, so that faults can change it. */
export interface Reply {
  readonly status: number;
  /** `content-length` is added if the size is finite; an empty value sends the body chunked. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Content;
  /**
   * After the body: nothing wrong, the connection is cut, or nothing more arrives. `never`: not even headers;
   * `hang-up`: cut before them.
   */
  readonly ending?: "complete" | "cut" | "stall" | "never" | "hang-up";
  /** Before the headers. */
  readonly delayMs?: number;
  /** A pause after each byte. */
  readonly dripMs?: number;
}

export function jsonReply(status: number, json: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: contentOf(JSON.stringify(json)) };
}

export function errorReply(status: number, code: string, message = code, headers: Record<string, string> = {}): Reply {
  return jsonReply(status, { errors: [{ code, message }] }, headers);
}

export function emptyReply(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: noContent };
}

const chunkSize = 256 * 1024;

/** How a reply is sent. */
export interface Sending {
  readonly isHead: boolean;
  readonly throttle: Throttle;
  /** Called with each chunk that the connection accepted. */
  readonly onBytes: (count: number) => void;
}

/** Sends a reply no faster than it is read. Resolves when it is sent, or the client is gone. */
export async function sendReply(response: ServerResponse, reply: Reply, sending: Sending): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    if (reply.delayMs) await delay(reply.delayMs, undefined, { signal: gone.signal });
    if (reply.ending === "never") return;
    if (reply.ending === "hang-up") return void response.socket?.destroy();
    response.writeHead(reply.status, headersOf(reply));
    response.flushHeaders();
    if (!sending.isHead) await sendBody(response, reply, sending, gone.signal);
    if (reply.ending === "cut") response.socket?.destroy();
    else if (reply.ending !== "stall") response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

function headersOf(reply: Reply): Record<string, string> {
  const { "content-length": length = sizeOf(reply), ...headers } = reply.headers;
  return length === "" ? headers : { ...headers, "content-length": length };
}

function sizeOf(reply: Reply): string {
  return Number.isFinite(reply.body.size) ? String(reply.body.size) : "";
}

async function sendBody(response: ServerResponse, reply: Reply, sending: Sending, gone: AbortSignal): Promise<void> {
  const step = reply.dripMs === undefined ? chunkSize : 1;
  for (let position = 0; position < reply.body.size && !gone.aborted; ) {
    const chunk = reply.body.slice(position, Math.min(position + step, reply.body.size));
    await sending.throttle.take(chunk.length, gone);
    if (!(await written(response, chunk))) return;
    sending.onBytes(chunk.length);
    position += chunk.length;
    if (reply.dripMs) await delay(reply.dripMs, undefined, { signal: gone });
  }
}

/**
 * Resolves when the kernel has it; to `false` if the connection is gone. Node 26 refuses such a write at once, before
 * the event loop can report that the response is closed: an endless body would be written forever.
 */
function written(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    response.write(chunk, (error) => resolve(!error));
  });
}
