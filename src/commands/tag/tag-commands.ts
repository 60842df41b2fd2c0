import type { Command } from "commander";

const configFileNote = "settings in YAML (default: berth.yml in this folder, if it exists)";

interface TagOptions {
  readonly config?: string;
  readonly json?: true;
}

/** The commands for the past of tags; they work with and without a running server. */
export function addTag(program: Command): void {
  const tag = program
    .command("tag")
    .summary("show what a tag pointed to, or restore it")
    .description("Works on the tags of private repositories, directly in the storage. A server may run meanwhile.")
    .helpCommand(false)
    .addHelpText("after", help);
  tag
    .command("history")
    .summary("show what a tag pointed to, and since when")
    .description(
      "Shows the last 100 changes of a tag, the newest first: when it was moved or deleted, by whom, and whether what it pointed to can be restored.",
    )
    .argument("<tag>", "such as team/app:1.0; it may be deleted")
    .option("--json", "print JSON")
    .option("-c, --config <file>", configFileNote)
    .action(async (written: string, options: TagOptions) => {
      const { showTagHistory } = await import("./tag-history.js");
      await showTagHistory(written, options);
    });
  tag
    .command("restore")
    .summary("move a tag back, or bring back a deleted one")
    .description(
      "Moves a tag to what it pointed to before, or restores a deleted tag. It is a push: it gets an event and a line in the audit trail, and rules for immutable tags apply.",
    )
    .argument("<tag>", "such as team/app:1.0; it may be deleted")
    .argument("[digest]", "the digest to point it to (default: what it pointed to before)")
    .option("--at <time>", "what it pointed to at this time, such as 2026-01-31T12:00:00Z, or 2h for two hours ago")
    .option("-c, --config <file>", configFileNote)
    .action(async (written: string, digest: string | undefined, options: TagOptions & { at?: string }, command) => {
      if (digest !== undefined && options.at !== undefined)
        command.error("error: name either a digest or a time, not both");
      const { restoreTag } = await import("./tag-restore.js");
      await restoreTag(written, { ...options, digest });
    });
}

const help = `
A restored tag needs its manifest: it must be in the repository, or in the trash of the garbage collection, where it
stays for maintenance.gc.trash after a collection removed it. A manifest that a client deleted by its digest is gone.

Examples:
  berth tag history team/app:latest
  berth tag restore team/app:latest              undo the last push
  berth tag restore team/app:latest --at 24h     what it was a day ago
  berth tag restore team/app:1.0 sha256:...`;
