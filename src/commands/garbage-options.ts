import type { Command } from "commander";

/** What a collection may be told, by whichever name Berth is called. */
export function addGarbageOptions(command: Command): Command {
  return command
    .option("-d, --dry-run", "say what would go, and change nothing", false)
    .option(
      "-m, --delete-untagged",
      "manifests without a tag go, too, except children of indexes, and signatures",
      false,
    )
    .option("-q, --quiet", "say only what is wrong", false)
    .option(
      "--force",
      "changes nothing: accepted for old scripts. A collection beside a server is always refused",
      false,
    );
}
