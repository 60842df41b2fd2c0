import { BoundedMap } from "../../foundation/bounded-map.js";

/** Wrong guesses in a row without a delay: people mistype. */
const freeGuesses = 3;
const firstDelayMs = 250;
const longestDelayMs = 8_000;
const rememberedMs = 15 * 60_000;
const rememberedGuessers = 20_000;

/** Several users share an office's address, and a user has several machines. */
const sharedBy = 4;
/** The most that other clients' wrong guesses may delay a correct login. */
const longestSharedDelayMs = 1_000;

/** What the guesses before it mean for the next one. */
export interface Suspicion {
  readonly delayMs: number;
  /** Whether so many came from its network that its checks must not keep others waiting. */
  readonly isFromGuessers: boolean;
}

/**
 * Slows guessing at passwords down: by delay, since docker never tries again after a 429. Whoever guesses at a user from
 * an address waits longer and longer there; others at that address, and the user elsewhere, a second at most.
 */
export class GuessDelays {
  readonly #guesses = new BoundedMap<string, number>(rememberedGuessers, rememberedMs);

  /** Counts a guess, and says what those before it mean for it. */
  begin(user: string, network: string): Suspicion {
    const [pair = 0, byNetwork = 0, byUser = 0] = keysOf(user, network).map((key) => {
      const before = this.#guesses.get(key) ?? 0;
      this.#guesses.set(key, before + 1);
      return before;
    });
    const shared = delayAfter(Math.floor(Math.max(byNetwork, byUser) / sharedBy));
    return {
      delayMs: Math.max(delayAfter(pair), Math.min(longestSharedDelayMs, shared)),
      isFromGuessers: byNetwork >= sharedBy * freeGuesses,
    };
  }

  /** Forgets the wrong guesses of a client that then sent the right password, but not its guesses for other users. */
  forgive(user: string, network: string): void {
    const [pair = "", ...shared] = keysOf(user, network);
    const own = this.#guesses.get(pair) ?? 0;
    this.#guesses.delete(pair);
    for (const key of shared) this.#guesses.set(key, Math.max(0, (this.#guesses.get(key) ?? 0) - own));
  }
}

/** In milliseconds. */
function delayAfter(guesses: number): number {
  if (guesses < freeGuesses) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (guesses - freeGuesses));
}

function keysOf(user: string, network: string): readonly string[] {
  return [JSON.stringify([user, network]), `network ${network}`, `user ${user}`];
}
