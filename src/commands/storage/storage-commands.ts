import type { Command } from "commander";
import type { CopyFlags } from "./storage-copy.js";

/** Adds `berth storage` and its subcommands. */
export function addStorage(program: Command): void {
  const storage = program
    .command("storage")
    .summary("copy everything stored to another storage")
    .description("Moves a registry from a data directory to a bucket, or back.")
    .helpCommand(false);
  storage
    .command("copy")
    .summary("copy everything stored to another storage")
    .description(
      "Copies all content from the storage of one settings file to that of another. Servers may use both meanwhile.",
    )
    .requiredOption("--from <file>", "settings in YAML whose section storage says where the content is")
    .requiredOption("--to <file>", "settings in YAML whose section storage says where to copy it")
    .option("--dry-run", "only print what would be copied and removed", false)
    .option("--json", "print one JSON document", false)
    .addHelpText("after", help)
    .action(async (flags: CopyFlags) => {
      const { copy } = await import("./storage-copy.js");
      await copy(flags);
    });
}

const help = `
Each blob is hashed on its way, and gets its name in the target only if its bytes have its digest. A copy that was
interrupted is continued by running it again. Run it once more after a copy, and it brings what has changed since, and
removes what it had brought and the source no longer has; what others have put into the target stays.

To move a registry: copy while it runs, stop it, copy again (which takes moments), and start it with the new settings.
Environment variables (BERTH_...) do not apply to either file. Unfinished uploads are not copied.

Exit codes: 0 all was copied; 1 some content of the source is damaged or missing, and the rest was copied; 2 wrong usage;
3 the copy did not end: run it again.

Example:
  berth storage copy --from disk.yml --to bucket.yml`;
