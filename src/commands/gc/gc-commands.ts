import type { Command } from "commander";
import type { GarbageCollectOptions } from "./garbage-collect.js";
import { addGarbageOptions } from "./garbage-options.js";

const defaultFileNote = "(default: berth.yml in this folder, if it exists)";

/** Adds `berth gc` and its subcommands. */
export function addGarbageCollect(program: Command): void {
  const command = program
    .command("gc")
    .alias("garbage-collect")
    .summary("delete content that no image needs")
    .description(
      "Deletes content that no manifest references. Beside a running server it waits until no client can rely on it.",
    )
    .argument("[file]", `settings in YAML ${defaultFileNote}`)
    .option("-c, --config <file>", "the same as [file]")
    .helpCommand(false)
    .addHelpText("after", help);
  addGarbageOptions(command)
    .option("--json", "print one JSON document: what is deleted, what waits and why, and what cannot be read", false)
    .action(async (file: string | undefined, options: GarbageCollectOptions) => {
      if (file !== undefined && options.config !== undefined)
        command.error("error: two settings files are given; keep one");
      const { collectGarbage } = await import("./garbage-collect.js");
      await collectGarbage({ ...options, config: file ?? options.config });
    });
  command
    .command("trash")
    .description("Lists what collections removed and can be restored, the oldest first.")
    .action(async () => {
      const { listTrash } = await import("./trash-commands.js");
      await listTrash(command.opts());
    });
  command
    .command("undelete")
    .description("Restores what collections removed: a repository, or one image or blob of it.")
    .argument("<names...>", "such as team/app or team/app@sha256:...")
    .action(async (names: readonly string[]) => {
      const { undeleteAll } = await import("./trash-commands.js");
      await undeleteAll(names, command.opts());
    });
}

const help = `
If it is interrupted, nothing that an image needs is lost, and the next run does the rest. While a server runs, content
goes once it has been unneeded for maintenance.gc.grace and no client relies on it; then it is in the trash for
maintenance.gc.trash. Without a server, it goes at once.

Examples:
  berth gc --dry-run                 show what would be deleted
  berth gc -c berth.yml              free space after images were deleted
  berth gc --delete-untagged         also delete manifests without a tag
  berth gc undelete team/app         restore what was deleted from a repository`;
