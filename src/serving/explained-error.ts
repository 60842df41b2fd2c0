/** An error whose message is all that the user needs: what is wrong and what to do. No stack is shown for it. */
export class ExplainedError extends Error {
  override readonly name = "ExplainedError";

  /** @param problems a line each */
  constructor(message: string, problems: readonly string[] = []) {
    super([message, ...problems].join("\n  "));
  }
}
