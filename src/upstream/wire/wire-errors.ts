/** Nothing, or too little, came in time. */
export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

/** What came cannot be true, or may not be followed. The message completes a sentence: "the redirect leaves https". */
export class InvalidAnswerError extends Error {
  override readonly name = "InvalidAnswerError";
}
