/** Nothing, or too little, arrived in time. */
export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

/**
 * A response cannot be true, or must not be followed. The message completes a sentence: "the redirect leaves https".
 */
export class InvalidAnswerError extends Error {
  override readonly name = "InvalidAnswerError";
}

/** Cut off by us, because a request that a client waits for needed the slot; the caller may try again in turn. */
export class RecalledError extends Error {
  override readonly name = "RecalledError";

  constructor() {
    super("the slot was needed for what a client waits for");
  }
}
