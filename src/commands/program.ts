import { Command } from "commander";
import { packageVersion } from "../package-version.js";
import { addAccess } from "./access/access-commands.js";
import { addCache } from "./cache/cache-commands.js";
import type { GarbageCollectOptions } from "./garbage-collect.js";
import { addGarbageOptions } from "./garbage-options.js";
import { addSetup } from "./setup-command.js";

/** The command line: what can be said, and what then runs. A command's code is loaded only when it is asked for. */
export function createProgram(): Command {
  const program = new Command("berth")
    .description("A container registry and a cache of others: docker push to it, docker pull through it.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .showHelpAfterError("(--help says what there is)")
    .addHelpText("after", programHelp);
  addServe(program);
  addConfig(program);
  addCache(program);
  addAccess(program);
  addSetup(program);
  addOwner(program);
  addGarbageCollect(program);
  addHealth(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command("serve")
    .summary("run the registry")
    .description("Runs the registry until it gets SIGTERM or SIGINT.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .option("-c, --config <file>", "the same, by its name")
    .addHelpText("after", serveHelp)
    .action(async (file: string | undefined, { config }: { config?: string }, command: Command) => {
      const { serve } = await import("./serve.js");
      await serve({ config: onlyOne(file, config, command) });
    });
}

function addConfig(program: Command): void {
  const config = program
    .command("config")
    .summary("check, print or begin a file of settings")
    .description("Looks at the settings without serving.")
    .helpCommand(false)
    .addHelpText("after", configHelp);
  config
    .command("check")
    .description("Finds all that is wrong with the settings, each with its line. Exit code 0: nothing.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .action(async (file?: string) => {
      const { checkConfig } = await import("./config/config-check.js");
      await checkConfig(file);
    });
  config
    .command("print")
    .description("Prints the settings that hold, and where each came from. Secrets are shown as ***.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .action(async (file?: string) => {
      const { printConfig } = await import("./config/config-print.js");
      await printConfig(file);
    });
  config
    .command("import")
    .description("Writes the settings of registry:2 as a file of Berth's, with what became of each.")
    .argument("[file]", "settings of registry:2; without it its variables alone, REGISTRY_...")
    .option("-o, --output <file>", "the file to write, which must not be there yet; standard output without")
    .action(async (file: string | undefined, options: { output?: string }) => {
      const { importConfig } = await import("./config/config-import.js");
      await importConfig(file, options);
    });
  config
    .command("example")
    .description("Prints a file with every setting, its default and its meaning.")
    .action(async () => {
      const { printExample } = await import("./config/config-example.js");
      printExample();
    });
}

function addOwner(program: Command): void {
  program
    .command("owner")
    .summary("say whose a repository name is")
    .description("Says whether a name is private or an upstream's, and by which setting.")
    .argument("<name>", "such as team/app, library/alpine or ghcr.io/owner/image")
    .option("-c, --config <file>", `settings in YAML; ${defaultFileNote}`)
    .option("--ns <registry>", "the registry that containerd names in ?ns=")
    .action(async (name: string, options: { config?: string; ns?: string }) => {
      const { showOwner } = await import("./owner.js");
      await showOwner(name, options);
    });
}

function addHealth(program: Command): void {
  program
    .command("health")
    .summary("ask the server whether it is well")
    .description("Asks the server that runs with these settings for /healthz. Exit code 0: it is well.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .action(async (file?: string) => {
      const { checkHealth } = await import("./health.js");
      await checkHealth(file);
    });
}

function addGarbageCollect(program: Command): void {
  const command = program
    .command("gc")
    .alias("garbage-collect")
    .summary("remove what no image needs")
    .description("Removes content that no manifest names, while no server runs on the data directory.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .option("-c, --config <file>", "the same, by its name")
    .addHelpText("after", garbageCollectHelp);
  addGarbageOptions(command).action(async (file: string | undefined, options: GarbageCollectOptions) => {
    const config = onlyOne(file, options.config, command);
    const { collectGarbage } = await import("./garbage-collect.js");
    await collectGarbage({ ...options, config });
  });
}

/** A file that is named by its place or by the option. */
function onlyOne(file: string | undefined, config: string | undefined, command: Command): string | undefined {
  if (file !== undefined && config !== undefined) command.error("error: two files are named; keep one of them");
  return file ?? config;
}

const defaultFileNote = "without it berth.yml of this folder, if it is there";

const programHelp = `
Examples:
  berth serve                        serve at 127.0.0.1:5000, with the content in ./data
  berth serve berth.yml              serve as the file says, be it Berth's or registry:2's
  berth config check berth.yml       find all that is wrong with the file
  berth config example > berth.yml   begin a file of your own
  berth owner library/alpine         say whose the name is, and why

Exit codes: 0 it went well, 1 it failed, 2 the command line is wrong.`;

const serveHelp = `
Settings come from the file, and before it from the environment: BERTH_SERVER_PORT is server.port.
A file of registry:2 will do (it says version: 0.1), and its variables, such as REGISTRY_HTTP_ADDR.
"berth config example" prints all there are. Relative paths are relative to this folder.

Examples:
  berth serve
  berth serve --config /etc/berth/berth.yml
  BERTH_SERVER_HOST=0.0.0.0 BERTH_STORAGE_FILESYSTEM_ROOT=/srv/registry berth serve`;

const garbageCollectHelp = `
Whatever it is cut off at, nothing that stays is lost, and the next run does the rest.

Examples:
  berth gc --dry-run                 see what would go
  berth gc -c berth.yml              after images were deleted
  berth gc --delete-untagged         what tags no longer point at goes, too`;

const configHelp = `
Examples:
  berth config check                 berth.yml of this folder, and the environment
  berth config print berth.yml       what holds, and where it was said
  berth config example > berth.yml   begin a file of your own
  berth config import config.yml     registry:2's settings, as a file of Berth's`;
