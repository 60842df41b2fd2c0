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

/** A user name and a password that a client sent. */
export interface Guess {
  readonly user: string;
  readonly password: string;
  /** The client's address, or the network that it may take addresses from. */
  readonly network: string;
}

/** A guess for one of the current users, or for none of them. */
interface Check extends Guess {
  /** Identifies user and password. */
  readonly key: string;
  /** The hash of the user's password; `undefined` for an unknown user. */
  readonly hash: string | undefined;
  /** What the password is compared with. */
  readonly expected: string;
}

/** A password that was right. */
interface Trusted {
  /** The hash that it was right for: when the user's password changes, it no longer counts. */
  readonly hash: string;
  readonly checkedMs: number;
}

/** How long a password that was right goes ahead of all others, and never waits for what others guess. */
const trustedMs = 12 * 60 * 60_000;
const trustedPasswords = 10_000;
/** How long a password that was right needs no bcrypt. A changed configuration asks again for what is in use. */
const freshMs = 60_000;

/** Concurrent checks: at most half the cores, since bcrypt takes threads that disk reads need too. */
const concurrency = Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));
const mostWaiting = 100;

/** What guesses from one network may take of a processor: a quarter. */
const restOfGuessers = 3;

/** Salt and hash of an unknown password, so that checking unknown users takes as long as known ones. */
const decoy = "CwTycUXWue0Thq9StjUM0uJ8.m7fRkLQmVb0iGQhGSNVqfYcCPbZa";

/**
 * Checks passwords, off the event loop and a few at a time. One for all configurations of a process: a reload neither
 * forgets who guessed, nor makes all clients pay bcrypt again.
 */
export class Passwords {
  readonly #delays = new GuessDelays();
  /** A key of this process, so that the remembered hashes are useless elsewhere. */
  readonly #key = randomBytes(32).toString("base64");
  readonly #trusted = new BoundedMap<string, Trusted>(trustedPasswords, trustedMs);
  readonly #running = new SingleFlight<string, boolean>();
  readonly #checks = new CheckQueue({ concurrency, mostWaiting, rest: 0 });
  /** Of networks that guess: beside the others, so that a storm of guesses takes neither their turn nor a processor. */
  readonly #guesses = new CheckQueue({ concurrency: 1, mostWaiting, rest: restOfGuessers });

  /**
   * Whether it is the user's password. Wrong ones are answered later and later; one that was right before is checked
   * without delay, whatever others guess.
   * @throws RegistryError UNAVAILABLE if more checks are waiting than can be done in time
   */
  async check(guess: Guess, hashes: PasswordHashes): Promise<boolean> {
    const { user, password } = guess;
    const hash = hashes.hashOf(user);
    const key = hashOnce("sha256", `${this.#key}${user}\0${password}`, "base64");
    const trusted = this.#trusted.get(key);
    const wasRight = trusted !== undefined && trusted.hash === hash;
    if (wasRight && performance.now() - trusted.checkedMs < freshMs) return true;
    const expected = hash ?? `$2b$${hashes.costOfUnknown(user)}$${decoy}`;
    const check = { ...guess, key, hash, expected };
    // A client that requests forty layers at once has its password checked once.
    return this.#running.run(`${key} ${hash}`, () =>
      wasRight ? this.#checks.run(() => this.#verify(check), true) : this.#checkSlowly(check),
    );
  }

  async #checkSlowly(check: Check): Promise<boolean> {
    const { user, network } = check;
    // Counted before the result is known; otherwise all guesses sent together would count as the first.
    const { delayMs, isFromGuessers } = this.#delays.begin(user, network);
    if (delayMs > 0) await setTimeout(delayMs, undefined, { ref: false });
    const checks = isFromGuessers ? this.#guesses : this.#checks;
    const isRight = await checks.run(() => this.#verify(check));
    if (isRight) this.#delays.forgive(user, network);
    return isRight;
  }

  async #verify({ key, password, hash, expected }: Check): Promise<boolean> {
    const isRight = (await verify(password, expected)) && hash !== undefined;
    if (isRight) this.#trusted.set(key, { hash, checkedMs: performance.now() });
    return isRight;
  }
}
