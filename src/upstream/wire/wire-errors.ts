/** Nothing, or too little, came in time. */
export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

/** What came cannot be true, or may not be followed. The message completes a sentence: "the redirect leaves https". */
export class InvalidAnswerError extends Error {
  override readonly name = "InvalidAnswerError";
}

/** Broken off here, since somebody who is waited for needed the slot; whoever is told asks again in turn. */
export class RecalledError extends Error {
  override readonly name = "RecalledError";

  constructor() {
    super("the slot was needed for what a client waits for");
  }
}
