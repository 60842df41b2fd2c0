import type { RepositoryName } from "../oci/repository-name.js";
import type { NotedItems, Unneeded } from "../storage/collection-notes.js";

/** How long unneeded content stays, in milliseconds. */
export interface CollectionTimes {
  /** From when it is found unneeded until it goes. */
  readonly grace: number;
  /** From when a client was last told that it need not upload it. */
  readonly claim: number;
  /** In the trash, from which it can be brought back. */
  readonly trash: number;
  /** How long manifests without a tag stay in a repository; `undefined`: for ever. */
  readonly untaggedKeepOf?: ((name: RepositoryName) => number | undefined) | undefined;
}

/** For a storage that nothing else uses: what is unneeded goes at once. */
export const atOnce: CollectionTimes = { grace: 0, claim: 0, trash: 0 };

/** Why content that seems unneeded stays. */
export type Stay =
  | { readonly why: "noted" | "waits" | "claimed"; readonly untilMs: number }
  | { readonly why: "uploading" | "unknown age" };

/** A clock that is behind by less than this counts as right. */
const toleratedSkewMs = 60_000;

interface JudgeParts {
  readonly times: CollectionTimes;
  /** How long before the begin of an upload session a claim may be old that the session holds. */
  readonly heldMs: number;
  /** The time of the storage, in milliseconds since 1970. */
  readonly now: () => number;
  /** What earlier collections found unneeded. */
  readonly earlier: NotedItems;
}

/**
 * Decides whether unneeded content goes now: if it has been unneeded for the grace, and nobody has claimed it since.
 */
export class Judge {
  readonly #parts: JudgeParts;
  /** What is unneeded and waits to be deleted. */
  readonly notes: NotedItems;

  constructor(parts: JudgeParts, notes: NotedItems) {
    this.#parts = parts;
    this.notes = notes;
  }

  get nowMs(): number {
    return this.#parts.now();
  }

  get times(): CollectionTimes {
    return this.#parts.times;
  }

  /**
   * @param claimedMs when it was last claimed
   * @param heldSinceMs when the earliest upload session of the repository began
   * @returns `undefined` if it goes
   */
  whyStays(item: Unneeded, claimedMs: number | undefined, heldSinceMs?: number): Stay | undefined {
    const { times, earlier } = this.#parts;
    const { nowMs } = this;
    const waitMs = item.kind === "bytes" ? times.grace + times.trash : times.grace;
    const held = this.whyHeld(claimedMs, heldSinceMs);
    if (held !== undefined) return held;
    const notedMs = earlier.get(item);
    const isNoted = notedMs !== undefined && notedMs > (claimedMs ?? 0) && notedMs <= nowMs + toleratedSkewMs;
    const sinceMs = isNoted ? notedMs : nowMs;
    const untilMs = sinceMs + waitMs;
    if (untilMs <= nowMs) return undefined;
    this.notes.set(item, sinceMs);
    return { why: isNoted ? "waits" : "noted", untilMs };
  }

  /** The part of the decision that may change at any moment. */
  whyHeld(claimedMs: number | undefined, heldSinceMs?: number): Stay | undefined {
    const { times, nowMs } = this;
    const isHeld = heldSinceMs !== undefined && (claimedMs ?? nowMs) + this.#parts.heldMs > heldSinceMs;
    // Without claims, as in a storage that nothing else uses, the age does not matter.
    if (times.claim > 0) {
      if (claimedMs === undefined || claimedMs > nowMs + toleratedSkewMs) return { why: "unknown age" };
      if (claimedMs + times.claim > nowMs) return { why: "claimed", untilMs: claimedMs + times.claim };
    }
    if (isHeld) return { why: "uploading" };
    return undefined;
  }
}
