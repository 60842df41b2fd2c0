import type { Command } from "commander";
import type { UsageFlags } from "./usage.js";

const defaultFileNote = "(default: berth.yml in this folder, if it exists)";

/** Adds `berth usage`. */
export function addUsage(program: Command): void {
  program
    .command("usage")
    .summary("show how much space repositories use, and their quotas")
    .description("Counts the bytes of everything that private repositories link to, each digest once.")
    .argument("[name]", "a repository, or a pattern such as team/**; without it, all quotas")
    .option("-c, --config <file>", `settings in YAML ${defaultFileNote}`)
    .option("--json", "print one JSON document", false)
    .addHelpText("after", help)
    .action(async (name: string | undefined, flags: UsageFlags) => {
      const { showUsage } = await import("./usage.js");
      await showUsage(name, flags);
    });
}

const help = `
A layer that several repositories of a quota, or of a pattern, have is counted once for all of them, so their own sizes
add up to more. Works beside a running server.

Examples:
  berth usage                        every quota of private.quotas, and what is used of it
  berth usage team/app               one repository
  berth usage 'team/**' --json       all that match, for scripts`;
