/** Why a command did not do all that it was told, in a sentence for who told it. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";

  /** @param problems a line each */
  constructor(message: string, problems: readonly string[] = []) {
    super([message, ...problems].join("\n  "));
  }
}
