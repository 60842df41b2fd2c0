import type { Command } from "commander";

/** The options of a collection, shared by `berth` and `registry`. */
export function addGarbageOptions(command: Command): Command {
  return command
    .option("-d, --dry-run", "show what would be deleted, and change nothing", false)
    .option(
      "-m, --delete-untagged",
      "also delete manifests without a tag, except children of indexes, and signatures",
      false,
    )
    .option("-q, --quiet", "print errors only", false)
    .option("--force", "ignored, for old scripts: a collection beside a running server is safe", false);
}
