import { hash as hashOnce, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { verify } from "@node-rs/bcrypt";
import { BoundedMap } from "../../foundation/bounded-map.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import { CheckQueue } from "./check-queue.js";
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

/** How long a password that was right goes ahead of all others, and never waits for what others guess. */
const trustedMs = 12 * 60 * 60_000;
const trustedPasswords = 10_000;

/** Concurrent checks: at most half the cores, since bcrypt takes threads that disk reads need too. */
const concurrency = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));
const mostWaiting = 100;

/** What guesses from one network may take of a processor: a quarter. */
const restOfGuessers = 3;

/** Salt and hash of an unknown password, so that checking unknown users takes as long as known ones. */
const decoy = "CwTycUXWue0Thq9StjUM0uJ8.m7fRkLQmVb0iGQhGSNVqfYcCPbZa";

/** Checks passwords, off the event loop and a few at a time. */
export class Passwords {
  readonly #hashes: PasswordHashes;
  readonly #delays = new GuessDelays();
  /** A key of this process, so that the remembered hashes are useless elsewhere. */
  readonly #key = randomBytes(32).toString("base64");
  /** The user's hash by what was found right for it. */
  readonly #trusted = new BoundedMap<string, string>(trustedPasswords, trustedMs);
  readonly #running = new SingleFlight<string, boolean>();
  readonly #checks = new CheckQueue({ concurrency, mostWaiting, rest: 0 });
  /** Of networks that guess: beside the others, so that a storm of guesses takes neither their turn nor a processor. */
  readonly #guesses = new CheckQueue({ concurrency: 1, mostWaiting, rest: restOfGuessers });

  constructor(hashes: PasswordHashes) {
    this.#hashes = hashes;
  }

  /**
   * Whether it is the user's password. Wrong ones are answered later and later; one that was right before is checked
   * without delay, whatever others guess.
   * @param network the client's address, or the network that it may take addresses from
   * @throws RegistryError UNAVAILABLE if more checks are waiting than can be done in time
   */
  check(user: string, password: string, network: string): Promise<boolean> {
    const key = this.#keyOf(user, password);
    // A client that requests forty layers at once has its password checked once.
    return this.#running.run(key, () => this.#checkOnce(key, { user, password, network }));
  }

  #checkOnce(key: string, guess: Guess): Promise<boolean> {
    const hash = this.#hashes.hashOf(guess.user);
    const wasRight = hash !== undefined && this.#trusted.get(key) === hash;
    return wasRight ? this.#checks.run(() => this.#verify(key, guess), true) : this.#checkSlowly(key, guess);
  }

  async #checkSlowly(key: string, guess: Guess): Promise<boolean> {
    const { user, network } = guess;
    // Counted before the result is known; otherwise all guesses sent together would count as the first.
    const { delayMs, isFromGuessers } = this.#delays.begin(user, network);
    if (delayMs > 0) await setTimeout(delayMs, undefined, { ref: false });
    const checks = isFromGuessers ? this.#guesses : this.#checks;
    const isRight = await checks.run(() => this.#verify(key, guess));
    if (isRight) this.#delays.forgive(user, network);
    return isRight;
  }

  async #verify(key: string, { user, password }: Guess): Promise<boolean> {
    const hash = this.#hashes.hashOf(user);
    const expected = hash ?? `$2b$${this.#hashes.costOfUnknown(user)}$${decoy}`;
    const isRight = (await verify(password, expected)) && hash !== undefined;
    if (isRight) this.#trusted.set(key, hash);
    return isRight;
  }

  #keyOf(user: string, password: string): string {
    return hashOnce("sha256", `${this.#key}${user}\0${password}`, "base64");
  }
}
