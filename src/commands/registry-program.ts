import { Command } from "commander";
import { packageVersion } from "../package-version.js";
import { ExplainedError } from "../serving/explained-error.js";
import type { GarbageCollectOptions } from "./gc/garbage-collect.js";
import { addGarbageOptions } from "./gc/garbage-options.js";

const names: readonly string[] = ["registry", "docker-registry"];

const configNote = "settings of registry:2 or of Berth (default: the file named by REGISTRY_CONFIGURATION_PATH)";

/** Whether Berth was called by a name of the distribution registry, such as through a symbolic link. */
export function isRegistryName(name: string): boolean {
  return names.includes(name);
}

/** The command line of the distribution registry, for people and scripts that expect it. */
export function createRegistryProgram(name: string): Command {
  const program = new Command(name)
    .description("Berth under the name of the distribution registry: it takes the same commands and settings.")
    .version(`${name} berth ${packageVersion()}`, "-v, --version", "show the version and exit")
    .helpOption("-h, --help", "print help")
    .exitOverride()
    .showHelpAfterError("(add --help for usage)");
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
    .summary("delete content that no image needs")
    .description(
      "Deletes content that no manifest references. Beside a running server it waits until no client can rely on it.",
    )
    .argument("[config]", configNote);
  addGarbageOptions(command).action(
    async (config: string | undefined, flags: Omit<GarbageCollectOptions, "config">) => {
      const { collectGarbage } = await import("./gc/garbage-collect.js");
      await collectGarbage({ ...flags, config: config ?? namedByVariable() });
    },
  );
}

/** The image of registry:2 may also be run with only a settings file as its command. */
export function withServe(arguments_: readonly string[]): readonly string[] {
  return /\.ya?ml$/.test(arguments_[0] ?? "") ? ["serve", ...arguments_] : arguments_;
}

function namedByVariable(): string {
  const { REGISTRY_CONFIGURATION_PATH: named = "" } = process.env;
  if (named !== "") return named;
  throw new ExplainedError(
    "no settings file: run registry serve FILE, or set REGISTRY_CONFIGURATION_PATH (berth serve needs neither)",
  );
}
