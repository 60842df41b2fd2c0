import { LRUCache } from "lru-cache";

/** Wrong guesses in a row without a delay: people mistype. */
const freeGuesses = 3;
const firstDelayMs = 250;
const longestDelayMs = 8_000;
const rememberedMs = 15 * 60_000;
const rememberedGuessers = 20_000;

/** Several users share an office's address, and a user has several machines. */
const sharedBy = 4;

/** Slows down password guessing. Delays instead of refusing, because docker does not retry after a 429. */
export class GuessDelays {
  readonly #guesses = new LRUCache<string, number>({ max: rememberedGuessers, ttl: rememberedMs, ttlResolution: 0 });

  /** Counts a guess and returns how many milliseconds it must wait, because of earlier ones. */
  begin(user: string, network: string): number {
    const [pair, byNetwork, byUser] = keysOf(user, network).map((key) => {
      const before = this.#guesses.get(key) ?? 0;
      this.#guesses.set(key, before + 1);
      return before;
    });
    return delayAfter(
      Math.max(pair ?? 0, Math.floor((byNetwork ?? 0) / sharedBy), Math.floor((byUser ?? 0) / sharedBy)),
    );
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
export function delayAfter(guesses: number): number {
  if (guesses < freeGuesses) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (guesses - freeGuesses));
}

function keysOf(user: string, network: string): readonly string[] {
  return [JSON.stringify([user, network]), `network ${network}`, `user ${user}`];
}
