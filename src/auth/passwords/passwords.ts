import { hash as hashOnce, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { verify } from "@node-rs/bcrypt";
import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/errors.js";
import { GuessDelays } from "./guess-delays.js";

/** The current users and their bcrypt hashes. */
export interface PasswordHashes {
  hashOf(user: string): string | undefined;
  /** The bcrypt cost for checking an unknown user: that of a known one, always the same one. */
  costOfUnknown(user: string): string;
}

interface Guess {
  readonly user: string;
  readonly password: string;
  readonly network: string;
}

/** How long a right password is accepted without bcrypt: a pull of forty layers sends forty requests. */
const rememberedMs = 60_000;
const rememberedPasswords = 10_000;

/** Concurrent checks: at most half the cores, since bcrypt takes threads that disk reads need too. */
const concurrentChecks = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));
/** Further checks are refused: a client that waited longer would have given up. */
const waitingChecks = 100;

/** Salt and hash of an unknown password, so that checking unknown users takes as long as known ones. */
const decoy = "CwTycUXWue0Thq9StjUM0uJ8.m7fRkLQmVb0iGQhGSNVqfYcCPbZa";

/** Checks passwords, off the event loop and a few at a time. */
export class Passwords {
  readonly #hashes: PasswordHashes;
  readonly #delays = new GuessDelays();
  /** A key of this process, so that the remembered hashes are useless elsewhere. */
  readonly #key = randomBytes(32).toString("base64");
  readonly #right = new LRUCache<string, string>({ max: rememberedPasswords, ttl: rememberedMs, ttlResolution: 0 });
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #checks = 0;

  constructor(hashes: PasswordHashes) {
    this.#hashes = hashes;
  }

  /** Whether the password was right a moment ago, and is still the user's. */
  recall(user: string, password: string): boolean {
    const hash = this.#hashes.hashOf(user);
    return hash !== undefined && this.#right.get(this.#keyOf(user, password)) === hash;
  }

  /**
   * Whether it is the user's password. Responses to wrong ones are delayed more and more, per address and per user.
   * @param network the client's address, or the network that it may take addresses from
   * @throws RegistryError UNAVAILABLE if more checks are waiting than can be done in time
   */
  check(user: string, password: string, network: string): Promise<boolean> {
    const key = this.#keyOf(user, password);
    // A client that requests forty layers at once has its password checked once.
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const check = this.#checkSlowly(key, { user, password, network }).finally(() => this.#running.delete(key));
    this.#running.set(key, check);
    return check;
  }

  async #checkSlowly(key: string, { user, password, network }: Guess): Promise<boolean> {
    // Counted before the result is known; otherwise all guesses sent together would count as the first.
    const delay = this.#delays.begin(user, network);
    if (delay > 0) await setTimeout(delay, undefined, { ref: false });
    const isRight = await this.#verify(key, user, password);
    if (isRight) this.#delays.forgive(user, network);
    return isRight;
  }

  async #verify(key: string, user: string, password: string): Promise<boolean> {
    const hash = this.#hashes.hashOf(user);
    await this.#enter();
    try {
      const isRight =
        (await verify(password, hash ?? `$2b$${this.#hashes.costOfUnknown(user)}$${decoy}`)) && hash !== undefined;
      if (isRight) this.#right.set(key, hash);
      return isRight;
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#checks < concurrentChecks) {
      this.#checks++;
      return;
    }
    if (this.#waiting.length >= waitingChecks) throw tooManyChecks();
    // Resolved when another check has finished.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#checks--;
    else next();
  }

  #keyOf(user: string, password: string): string {
    // On the path of every request: one call costs a third of HMAC.
    return hashOnce("sha256", `${this.#key}${user}\0${password}`, "base64");
  }
}

/** A 503, since docker retries after that but not after a 429. */
function tooManyChecks(): RegistryError {
  const message = "too many logins are waiting to be checked; try again in a moment";
  return new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "5" } });
}
