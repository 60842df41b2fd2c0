import type { Caller } from "../../registry/context.js";

/** A waiting client. All clients of one network share their turns. */
interface Waiting {
  readonly caller: Caller;
}

/** Those who wait take turns by client: however many of one client wait, another one's turn comes next. */
export class FairLine<One extends Waiting> {
  /** By the network that counts as one client; the next in turn comes first. */
  readonly #waiting = new Map<string, Set<One>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  get length(): number {
    let length = 0;
    for (const ones of this.#waiting.values()) length += ones.size;
    return length;
  }

  /** How many of the same client wait. */
  lengthFor({ network }: Caller): number {
    return this.#waiting.get(network)?.size ?? 0;
  }

  add(one: One): void {
    const { network } = one.caller;
    const others = this.#waiting.get(network);
    if (others === undefined) this.#waiting.set(network, new Set([one]));
    else others.add(one);
  }

  remove(one: One): void {
    const { network } = one.caller;
    const others = this.#waiting.get(network);
    if (others?.delete(one) && others.size === 0) this.#waiting.delete(network);
  }

  /** Takes the next one out of the line. */
  next(): One | undefined {
    for (const [network, ones] of this.#waiting) {
      for (const one of ones) {
        ones.delete(one);
        this.#waiting.delete(network);
        if (ones.size > 0) this.#waiting.set(network, ones);
        return one;
      }
    }
    return undefined;
  }
}
