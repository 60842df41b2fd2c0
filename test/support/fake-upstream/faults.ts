import { gzipSync } from "node:zlib";
import { contentOf, joined, noContent, partOf, repeated } from "./content.js";
import { emptyReply, errorReply, type Reply } from "./reply.js";
import type { FakeRequest } from "./request.js";

/** Turns a right reply into a wrong one. */
export type Fault = (reply: Reply, request: FakeRequest) => Reply;

/** Other bytes of the same length. */
export const wrongBytes: Fault = (reply) => ({ ...reply, body: repeated(Buffer.from("wrong"), reply.body.size) });

/** More bytes than expected, without a length. */
export function tooLong(extra: number): Fault {
  return (reply) => ({
    ...reply,
    headers: { ...reply.headers, "content-length": "" },
    body: joined(reply.body, repeated(Buffer.from("more"), extra)),
  });
}

/** Fewer bytes than expected, without a length. */
export function tooShort(missing: number): Fault {
  return (reply) => ({
    ...reply,
    headers: { ...reply.headers, "content-length": "" },
    body: partOf(reply.body, 0, reply.body.size - missing),
  });
}

/** The whole content, announced and sent with a wrong length. */
export function announcing(bytes: number): Fault {
  return (reply) => ({ ...reply, body: repeated(Buffer.from("wrong"), bytes) });
}

/** A login page with 200. */
export const html: Fault = () => ({
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: contentOf("<!doctype html><title>Welcome to the hotel</title>"),
});

/** A body that never ends. */
export const endless: Fault = (reply) => ({
  ...reply,
  headers: { ...reply.headers, "content-length": "" },
  body: joined(reply.body, repeated(Buffer.alloc(64 * 1024, "and so on "))),
});

/** One byte at a time. */
export function drip(everyMs: number): Fault {
  return (reply) => ({ ...reply, dripMs: everyMs });
}

/** Encoded in transit, although no encoding was requested. */
export const gzipped: Fault = (reply) => {
  const body = contentOf(gzipSync(reply.body.slice(0, reply.body.size)));
  return { ...reply, headers: { ...reply.headers, "content-encoding": "gzip" }, body };
};

/** A redirect to another URL. */
export function redirectTo(location: string, status = 307): Fault {
  return () => emptyReply(status, { location });
}

/** A redirect to itself. */
export const redirectCircle: Fault = (_, request) => emptyReply(307, { location: request.path });

/** A redirect to a new URL each time. */
export const endlessRedirects: Fault = (_, request) =>
  emptyReply(307, { location: `${request.path}?hop=${Number(request.query.get("hop") ?? 0) + 1}` });

/** A completely different response. */
export function answer(reply: Reply): Fault {
  return () => reply;
}

/** The connection is cut after this many bytes of the body. */
export function cutAt(byte: number): Fault {
  return (reply) => ending(reply, byte, "cut");
}

/**
 * Nothing more arrives after this many bytes of the body. A shorter body ends: its client has all of it, may reuse the
 * connection for the next request, and would get no response there.
 */
export function stallAt(byte: number): Fault {
  return (reply) => (byte < reply.body.size ? ending(reply, byte, "stall") : reply);
}

function ending(reply: Reply, byte: number, how: "cut" | "stall"): Reply {
  const length = String(reply.body.size);
  const headers = { "content-length": length, ...reply.headers };
  return { ...reply, headers, body: partOf(reply.body, 0, Math.min(byte, reply.body.size)), ending: how };
}

/** The connection is accepted, and nothing is ever sent. */
export const silence: Fault = (reply) => ({ ...reply, ending: "never" });

/** The connection is cut instead of a response. */
export const hangUp: Fault = (reply) => ({ ...reply, ending: "hang-up" });

/** A status without a body. */
export function status(code: number, headers: Record<string, string> = {}): Fault {
  return () => emptyReply(code, headers);
}

/** The right content under another status. */
export function statusOnly(code: number): Fault {
  return (reply) => ({ ...reply, status: code });
}

/** Too many requests: retry after this many seconds. */
export function limited(seconds: number): Fault {
  return () => errorReply(429, "TOOMANYREQUESTS", "slow down", { "retry-after": String(seconds) });
}

/** Delayed headers. */
export function lateBy(delayMs: number): Fault {
  return (reply) => ({ ...reply, delayMs });
}

/** Another value for a header; an empty one removes it. */
export function header(name: string, value: string): Fault {
  return (reply) => {
    const { [name]: _, ...others } = reply.headers;
    return { ...reply, headers: value === "" ? others : { ...others, [name]: value } };
  };
}

/** As if the method were unknown. */
export const methodNotAllowed: Fault = () => ({ status: 405, headers: { allow: "GET" }, body: noContent });
