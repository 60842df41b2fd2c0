import { ExplainedError } from "../serving/explained-error.js";

/** Boolean flags of registry:2, and similar flags of Berth. */
const flags: readonly string[] = [
  ...["-d", "--dry-run", "-m", "--delete-untagged", "-q", "--quiet", "--force", "-h", "--help", "-v", "--version"],
  ...["--json", "--insecure", "--write", "--yes", "--all-platforms"],
];

/** The values that Go reads as true (strconv.ParseBool). */
const truths: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
const lies: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * Accepts flags with a value, as Go programs do: Helm charts and scripts for registry:2 write
 * `--delete-untagged=true`, or `--dry-run=false` to leave a flag off.
 * @throws ExplainedError if a value is not a boolean
 */
export function withPlainFlags(arguments_: readonly string[]): readonly string[] {
  return arguments_.flatMap((argument) => {
    const [flag = "", ...rest] = argument.split("=");
    if (rest.length === 0 || !flags.includes(flag)) return [argument];
    const value = rest.join("=");
    if (truths.includes(value)) return [flag];
    if (lies.includes(value)) return [];
    throw new ExplainedError(`${flag} must be true or false, not ${JSON.stringify(value)}`);
  });
}
