import { Command } from "commander";
import { packageVersion } from "../package-version.js";
import { CommandFailure } from "./command-failure.js";

const names: readonly string[] = ["registry", "docker-registry"];

/** Whether the command is called by a name of the distribution registry's, by a link that somebody made. */
export function isRegistryName(name: string): boolean {
  return names.includes(name);
}

/** The command line of the distribution registry, for who is used to it and for scripts: what it says runs Berth. */
export function createRegistryProgram(name: string): Command {
  const program = new Command(name)
    .description("Berth, called by the name of the distribution registry: its command line and its settings.")
    .version(`${name} berth ${packageVersion()}`, "-v, --version", "show the version and exit")
    .helpOption("-h, --help", "print help")
    .exitOverride()
    .showHelpAfterError("(--help says what there is)");
  program
    .command("serve")
    .summary("run the registry")
    .description("Runs the registry until it gets SIGTERM or SIGINT.")
    .argument(
      "[config]",
      "settings of registry:2 or of Berth; without it the file that REGISTRY_CONFIGURATION_PATH names",
    )
    .action(async (config?: string) => {
      const { serve } = await import("./serve.js");
      await serve({ config: config ?? namedByVariable() });
    });
  return program;
}

/** Images of registry:2 are also run with nothing but the file as their command. */
export function withServe(arguments_: readonly string[]): readonly string[] {
  return /\.ya?ml$/.test(arguments_[0] ?? "") ? ["serve", ...arguments_] : arguments_;
}

function namedByVariable(): string {
  const { REGISTRY_CONFIGURATION_PATH: named = "" } = process.env;
  if (named !== "") return named;
  throw new CommandFailure(
    "no settings are named: registry serve FILE, or REGISTRY_CONFIGURATION_PATH (berth serve needs none)",
  );
}
