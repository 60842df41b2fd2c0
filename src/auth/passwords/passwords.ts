import { hash as hashOnce, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { verify } from "@node-rs/bcrypt";
import { LRUCache } from "lru-cache";
import { RegistryError } from "../../oci/errors.js";
import { GuessDelays } from "./guess-delays.js";

/** Users and their bcrypt hashes as they are now. */
export interface PasswordHashes {
  hashOf(user: string): string | undefined;
  /** The cost of bcrypt to check an unknown user with: that of some known one, the same each time. */
  costOfUnknown(user: string): string;
}

interface Guess {
  readonly user: string;
  readonly password: string;
  readonly network: string;
}

/** How long a password that was right is taken without another bcrypt: a pull of forty layers asks forty times. */
const rememberedMs = 60_000;
const rememberedPasswords = 10_000;

/** Checks that run at once: bcrypt takes threads that reads from the disk need, too, and half the processors at most. */
const concurrentChecks = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));
/** Further ones are refused: whoever waited longer would have given up. */
const waitingChecks = 100;

/** Salt and hash of a password that nobody has, so that unknown users take as long as known ones. */
const decoy = "CwTycUXWue0Thq9StjUM0uJ8.m7fRkLQmVb0iGQhGSNVqfYcCPbZa";

/** Checks passwords, off the event loop and a few at a time. */
export class Passwords {
  readonly #hashes: PasswordHashes;
  readonly #delays = new GuessDelays();
  /** Under a key of this process, so that what is kept is of no use elsewhere. */
  readonly #key = randomBytes(32).toString("base64");
  readonly #right = new LRUCache<string, string>({ max: rememberedPasswords, ttl: rememberedMs, ttlResolution: 0 });
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #checks = 0;

  constructor(hashes: PasswordHashes) {
    this.#hashes = hashes;
  }

  /** Whether a password was found right a moment ago, and still is the user's. */
  recall(user: string, password: string): boolean {
    const hash = this.#hashes.hashOf(user);
    return hash !== undefined && this.#right.get(this.#keyOf(user, password)) === hash;
  }

  /**
   * Whether it is the user's password. Wrong ones are answered later and later, by address and by user.
   * @param network the client's address, or the network that it may take addresses from
   * @throws RegistryError UNAVAILABLE if more wait than can be checked in time
   */
  check(user: string, password: string, network: string): Promise<boolean> {
    const key = this.#keyOf(user, password);
    // A client that asks for forty layers at once has its password checked once.
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const check = this.#checkSlowly(key, { user, password, network }).finally(() => this.#running.delete(key));
    this.#running.set(key, check);
    return check;
  }

  async #checkSlowly(key: string, { user, password, network }: Guess): Promise<boolean> {
    // Counted before the answer is known, or guesses that come together would all be the first.
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
    // Whoever leaves hands its place over.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#checks--;
    else next();
  }

  #keyOf(user: string, password: string): string {
    // Each request takes this way: in one call it costs a third of what HMAC does.
    return hashOnce("sha256", `${this.#key}${user}\0${password}`, "base64");
  }
}

/** Docker repeats what had a 503, and nothing that had a 429. */
function tooManyChecks(): RegistryError {
  const message = "more passwords are to be checked than this registry can; try again in a moment";
  return new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "5" } });
}
