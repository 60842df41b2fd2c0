import { randomBytes } from "node:crypto";
import { BoundedMap } from "../foundation/bounded-map.js";
import type { ClusterKeys } from "./cluster-keys.js";

/** How far the clocks of two replicas may differ. A request that somebody has recorded is worthless after this time. */
const validForMs = 5 * 60_000;

/** Requests that are remembered, so that none is accepted twice. */
const rememberedRequests = 100_000;

export const signatureHeader = "berth-signature";
export const timeHeader = "berth-time";
export const nonceHeader = "berth-nonce";
export const sizeHeader = "berth-size";
export const digestHeader = "berth-digest";

/** The headers that show where a request comes from. Its path names the replica that it is for. */
export interface SignedHeaders {
  readonly [timeHeader]: string;
  readonly [nonceHeader]: string;
  readonly [signatureHeader]: string;
}

export function signRequest(keys: ClusterKeys, path: string, now = Date.now()): SignedHeaders {
  const time = String(now);
  const nonce = randomBytes(16).toString("hex");
  return { [timeHeader]: time, [nonceHeader]: nonce, [signatureHeader]: keys.sign(textOf(path, time, nonce)) };
}

/** Why a request is refused. */
export type Refusal = "it is not signed" | "its key differs" | "its clock differs too much" | "it was sent before";

/** Accepts what other replicas have signed, each request once. */
export class Gate {
  readonly #keys: ClusterKeys;
  readonly #now: () => number;
  readonly #accepted = new BoundedMap<string, true>(rememberedRequests, 2 * validForMs);

  constructor(keys: ClusterKeys, now: () => number = Date.now) {
    this.#keys = keys;
    this.#now = now;
  }

  /** @returns why the request is refused; `undefined` if another replica sent it, just now */
  refusalOf(path: string, headers: Readonly<Record<string, unknown>>): Refusal | undefined {
    const { [timeHeader]: time, [nonceHeader]: nonce, [signatureHeader]: signature } = headers;
    if (typeof time !== "string" || typeof nonce !== "string" || typeof signature !== "string")
      return "it is not signed";
    if (!this.#keys.verifies(textOf(path, time, nonce), signature)) return "its key differs";
    // Anything but a number is refused, too.
    if (!(Math.abs(this.#now() - Number(time)) <= validForMs)) return "its clock differs too much";
    if (this.#accepted.has(signature)) return "it was sent before";
    this.#accepted.set(signature, true);
    return undefined;
  }
}

/** What a replica says in an answer; somebody else at its address could not sign it. */
export interface Answer {
  readonly status: number;
  /** Bytes of the whole blob, if they are known. */
  readonly size?: number | undefined;
  readonly digest?: string | undefined;
}

export function signAnswer(keys: ClusterKeys, request: string, answer: Answer): string {
  return keys.sign(answerText(request, answer));
}

/** @param request the signature of the request: an answer to another one proves nothing */
export function isAnswer(keys: ClusterKeys, request: string, answer: Answer, signature: unknown): boolean {
  return typeof signature === "string" && keys.verifies(answerText(request, answer), signature);
}

function textOf(path: string, time: string, nonce: string): string {
  return ["request", path, time, nonce].join("\n");
}

function answerText(request: string, { status, size, digest }: Answer): string {
  return ["answer", request, status, size ?? "", digest ?? ""].join("\n");
}
