import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Clock } from "../limits/deadline.js";
import type { Token } from "./token-request.js";

const maxTokens = 1_000;
/**
 * Tokens are replaced this long before they expire, since a request takes time; short-lived ones at half their
 * lifetime.
 */
const marginMs = 15_000;

interface Entry {
  readonly token: Promise<string>;
  /** `undefined` while the token is being fetched. */
  endsAt: number | undefined;
}

/** A token, and whether it was fetched for this request. */
export interface GivenToken {
  readonly text: string;
  readonly isNew: boolean;
}

/** Tokens by scope, each fetched once for all who wait. Times are those of receipt, on our clock. */
export class TokenCache {
  readonly #clock: Clock;
  readonly #entries = new BoundedMap<string, Entry>(maxTokens);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param rejected a token that the upstream has just refused, and that must not be returned again */
  async get(key: string, fetchToken: () => Promise<Token>, rejected?: string): Promise<GivenToken> {
    const known = this.#valid(key);
    if (known) {
      const isNew = known.endsAt === undefined;
      const text = await known.token;
      if (text !== rejected) return { text, isNew };
      if (this.#entries.get(key) === known) this.#entries.delete(key);
    }
    return { text: await (this.#valid(key) ?? this.#fetch(key, fetchToken)).token, isNew: true };
  }

  #valid(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.endsAt === undefined || this.#clock.monotonic() < entry.endsAt) return entry;
    return undefined;
  }

  #fetch(key: string, fetchToken: () => Promise<Token>): Entry {
    const entry: Entry = {
      endsAt: undefined,
      token: fetchToken().then(
        ({ text, lifetimeMs }) => {
          entry.endsAt = this.#clock.monotonic() + lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
          return text;
        },
        (error) => {
          if (this.#entries.get(key) === entry) this.#entries.delete(key);
          throw error;
        },
      ),
    };
    this.#entries.set(key, entry);
    return entry;
  }
}
