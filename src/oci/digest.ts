import { createHash, type Hash } from "node:crypto";
import { nextTurn } from "../foundation/event-loop-breaks.js";
import { RegistryError } from "./errors.js";

/** Hashing these takes a millisecond or two. */
const hashedATurn = 512 * 1024;

const hexLength = { sha256: 64, sha512: 128 } as const;

export type DigestAlgorithm = keyof typeof hexLength;

export const digestAlgorithms: readonly DigestAlgorithm[] = ["sha256", "sha512"];

/** `algorithm:hex`, in lower case and of the right length. Only {@link parseDigest} and {@link digestOf} create one. */
export type Digest = `${DigestAlgorithm}:${string}`;

const hexPattern = /^[0-9a-f]+$/;

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(hexLength, text);
}

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  if (colon < 0 || !isDigestAlgorithm(algorithm)) return false;
  return text.length - colon - 1 === hexLength[algorithm] && hexPattern.test(text.slice(colon + 1));
}

/** @throws RegistryError DIGEST_INVALID */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError("DIGEST_INVALID", "a digest is sha256:<64 hex digits> or sha512:<128 hex digits>", {
    detail: { digest: text.slice(0, 200) },
  });
}

const digestsOfNothing: ReadonlySet<string> = new Set(
  digestAlgorithms.map((algorithm) => `${algorithm}:${createHash(algorithm).digest("hex")}`),
);

/** Whether this is the digest of empty content. */
export function isDigestOfNothing(digest: Digest): boolean {
  return digestsOfNothing.has(digest);
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** The same in steps, between which other work runs. */
export async function digestInTurns(bytes: Uint8Array, algorithm?: DigestAlgorithm): Promise<Digest> {
  const digester = new Digester(algorithm);
  for (let start = 0; start < bytes.length; start += hashedATurn) {
    if (start > 0) await nextTurn();
    digester.update(bytes.subarray(start, start + hashedATurn));
  }
  return digester.digest();
}

/** Computes the digest of content that arrives in pieces. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #length = 0;

  constructor(algorithm: DigestAlgorithm = "sha256") {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** The digest of what was seen so far; more may follow. */
  digestSoFar(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest("hex")}`;
  }

  /** The digest of everything seen; can be called once. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest("hex")}`;
  }
}
