/** An error whose message tells the user what is wrong and what to do. It is shown without a stack. */
export class ExplainedError extends Error {
  override readonly name = "ExplainedError";

  /** @param problems one line each */
  constructor(message: string, problems: readonly string[] = []) {
    super([message, ...problems].join("\n  "));
  }
}
