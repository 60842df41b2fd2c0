import { type Command, InvalidArgumentError } from "commander";
import { parseSize } from "../../config/size.js";
import type { FsckFlags } from "./fsck.js";

const defaultFileNote = "(default: berth.yml in this folder, if it exists)";

/** Adds `berth fsck` and its subcommands. */
export function addFsck(program: Command): void {
  const command = program
    .command("fsck")
    .summary("check whether everything stored is there and whole")
    .description(
      "Hashes every blob, and follows every link, tag, manifest, child and referrer. " +
        "Works beside a running server, and changes nothing without --repair.",
    )
    .argument("[repository]", "check only this one, such as team/app")
    .option("-c, --config <file>", `settings in YAML ${defaultFileNote}`)
    .option("--repository <name>", "the same as [repository]")
    .option("--repair", "mend what can be mended; damaged bytes are set aside, and never deleted", false)
    .option("--fast", "hash no blobs: only sizes, links and manifests are checked", false)
    .option("--rate <size>", "bytes to read a second, such as 20MiB (default: as fast as the disk)", bytesPerSecond)
    .option("--json", "print one JSON document", false)
    .helpCommand(false)
    .addHelpText("after", help)
    .action(async (repository: string | undefined, flags: FsckFlags) => {
      if (repository !== undefined && flags.repository !== undefined)
        command.error("error: two repositories are given; keep one");
      const { checkFiles } = await import("./fsck.js");
      await checkFiles({ ...flags, repository: repository ?? flags.repository });
    });
  command
    .command("set-aside")
    .description("Lists the damaged bytes that were set aside, and where they are.")
    .action(async () => {
      const { listSetAside } = await import("./set-aside.js");
      await listSetAside(command.opts());
    });
  command
    .command("undelete")
    .description("Puts bytes back that were set aside, if they are whole after all.")
    .argument("<digests...>", "such as sha256:...")
    .action(async (digests: readonly string[]) => {
      const { putBackAll } = await import("./set-aside.js");
      await putBackAll(digests, command.opts());
    });
}

function bytesPerSecond(written: string): number {
  const bytes = parseSize(written);
  if (bytes === undefined || bytes < 1) throw new InvalidArgumentError("It must be a size such as 20MiB.");
  return bytes;
}

const help = `
With --repair, a damaged blob of a cached image is fetched again from its upstream. One of a private image is set aside,
so that it counts as missing and the next push of the image stores it again; it is named with the images that need it.
Torn links and lost records of referrers are written again. Nothing that may be of use is deleted.

Exit codes: 0 nothing is damaged, or all of it was mended; 1 damage is left; 2 wrong usage; 3 the check did not end.

Examples:
  berth fsck                         check everything, as fast as the disk allows
  berth fsck --repair --rate 20MiB   mend it too, and leave the disk to others
  berth fsck --fast team/app         look at one repository, and hash nothing
  berth fsck --json > report.json    for scripts`;
