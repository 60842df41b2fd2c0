import { Command } from "commander";
import { packageVersion } from "../package-version.js";
import { CommandFailure } from "./command-failure.js";
import type { GarbageCollectOptions } from "./garbage-collect.js";
import { addGarbageOptions } from "./garbage-options.js";

const names: readonly string[] = ["registry", "docker-registry"];

const configNote = "settings of registry:2 or of Berth; without it the file that REGISTRY_CONFIGURATION_PATH names";

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
    .argument("[config]", configNote)
    .action(async (config?: string) => {
      const { serve } = await import("./serve.js");
      await serve({ config: config ?? namedByVariable() });
    });
  addGarbageCollect(program);
  return program;
}

function addGarbageCollect(program: Command): void {
  const command = program
    .command("garbage-collect")
    .summary("remove what no image needs")
    .description("Removes content that no manifest names, while no server runs on the data directory.")
    .argument("[config]", configNote);
  addGarbageOptions(command).action(
    async (config: string | undefined, flags: Omit<GarbageCollectOptions, "config">) => {
      const { collectGarbage } = await import("./garbage-collect.js");
      await collectGarbage({ ...flags, config: config ?? namedByVariable() });
    },
  );
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
