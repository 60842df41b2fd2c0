import { LRUCache } from "lru-cache";
import { Account, type UseLimits } from "./account.js";

/** An account takes about 200 bytes; the least recently active client is forgotten. */
const rememberedClients = 50_000;

const unlimited: UseLimits = { requests: undefined, transfers: undefined, bandwidth: undefined };

/** The accounts of all clients under the same limits: by address, or by user. */
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

  /** Also applies to running transfers: they become slower or faster, and waiting requests check again. */
  limitTo(limits: UseLimits | undefined): void {
    this.#limits = limits ?? unlimited;
    for (const account of this.#accounts.values()) account.wake();
  }
}
