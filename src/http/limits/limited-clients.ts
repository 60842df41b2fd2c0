import { LRUCache } from "lru-cache";
import { Account, type UseLimits } from "./account.js";

/** An account takes some 200 bytes; a client that was quiet for longest is forgotten. */
const rememberedClients = 50_000;

const unlimited: UseLimits = { requests: undefined, transfers: undefined, bandwidth: undefined };

/** The accounts of all clients that the same limits apply to: by address, or by user. */
export class LimitedClients {
  #limits = unlimited;
  readonly #accounts = new LRUCache<string, Account>({ max: rememberedClients });

  get limits(): UseLimits {
    return this.#limits;
  }

  of(client: string): Account {
    const known = this.#accounts.get(client);
    if (known !== undefined) return known;
    const account = new Account(this);
    this.#accounts.set(client, account);
    return account;
  }

  /** Applies to what runs, too: a transfer becomes slower or faster, and those that wait look again. */
  limitTo(limits: UseLimits | undefined): void {
    this.#limits = limits ?? unlimited;
    for (const account of this.#accounts.values()) account.wake();
  }
}
