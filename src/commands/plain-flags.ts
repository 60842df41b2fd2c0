import { ExplainedError } from "../serving/explained-error.js";

/** Flags of registry:2, and of ours that are like them. */
const flags: readonly string[] = [
  ...["-d", "--dry-run", "-m", "--delete-untagged", "-q", "--quiet", "--force", "-h", "--help", "-v", "--version"],
  ...["--json", "--insecure", "--write", "--yes", "--all-platforms"],
];

/** What Go takes for a truth (strconv.ParseBool). */
const truths: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
const lies: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * Flags as Go's programs take them: Helm charts and scripts for registry:2 say `--delete-untagged=true`, and
 * `--dry-run=false` of one that is not to be set.
 * @throws ExplainedError for a value that is no truth: who wrote it wants something
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
