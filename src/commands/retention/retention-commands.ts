import { Argument, type Command } from "commander";

const configFileNote = "settings in YAML (default: berth.yml in this folder, if it exists)";

interface RetentionOptions {
  readonly config?: string;
  readonly json?: true;
}

/** The commands for retention policies; they work with and without a running server. */
export function addRetention(program: Command): void {
  const retention = program
    .command("retention")
    .summary("delete the tags that no policy keeps, or show them")
    .description("Applies retention.policies of the settings, directly in the storage. A server may run meanwhile.")
    .helpCommand(false)
    .addHelpText("after", help);
  retention
    .command("plan")
    .description("Shows which tags would be deleted now. Changes nothing.")
    .argument("[repositories...]", "only these, such as team/app (default: all that a policy matches)")
    .option("--json", "print JSON")
    .option("-c, --config <file>", configFileNote)
    .action(async (repositories: readonly string[], options: RetentionOptions) => {
      const { runRetention } = await import("./retention-run.js");
      await runRetention(repositories, { ...options, dryRun: true, yes: false });
    });
  retention
    .command("run")
    .description(
      "Deletes the tags that no policy keeps. Policies that are new or changed delete no more than a fifth of a repository, unless you say --yes.",
    )
    .argument("[repositories...]", "only these, such as team/app (default: all that a policy matches)")
    .option("-y, --yes", "also delete what needs confirmation", false)
    .option("-d, --dry-run", "the same as plan", false)
    .option("--json", "print JSON")
    .option("-c, --config <file>", configFileNote)
    .action(async (repositories: readonly string[], options: RetentionOptions & { yes: boolean; dryRun: boolean }) => {
      const { runRetention } = await import("./retention-run.js");
      await runRetention(repositories, options);
    });
  retention
    .command("explain")
    .description("Shows what happens to each tag of a repository, or to one, and which rules keep it.")
    .argument("<name>", "a repository or a tag, such as team/app or team/app:1.0")
    .option("--json", "print JSON")
    .option("-c, --config <file>", configFileNote)
    .action(async (name: string, options: RetentionOptions) => {
      const { explainRetention } = await import("./retention-explain.js");
      await explainRetention(name, options);
    });
  addImport(retention);
}

function addImport(retention: Command): void {
  retention
    .command("import")
    .description(
      "Prints the policies of another registry as settings of Berth. What has no equivalent becomes a comment.",
    )
    .addArgument(new Argument("<registry>", "whose policies they are").choices(["zot", "harbor", "ecr"]))
    .argument("<file>", "zot's configuration, Harbor's retention policy or ECR's lifecycle policy, as JSON or YAML")
    .action(async (registry: "zot" | "harbor" | "ecr", file: string) => {
      const { importRetention } = await import("./import/retention-import.js");
      await importRetention(registry, file);
    });
}

const help = `
Tags are deleted, and images stay until nothing needs them and garbage is collected (see: berth gc). A deleted tag can be
restored until then (see: berth tag restore).

Examples:
  berth retention plan                      what would be deleted
  berth retention explain team/app:1.0      why a tag stays, or goes
  berth retention run --yes                 apply new policies, whatever they delete
  berth retention import zot config.json    start from the policies of zot`;
