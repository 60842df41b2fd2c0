import { Command } from "commander";
import { packageVersion } from "../package-version.js";

/** The command line: what can be said, and what then runs. A command's code is loaded only when it is asked for. */
export function createProgram(): Command {
  const program = new Command("berth")
    .description("A container registry in one process: docker push to it, docker pull from it.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .showHelpAfterError("(--help says what there is)")
    .addHelpText("after", programHelp);
  addServe(program);
  addConfig(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command("serve")
    .summary("run the registry")
    .description("Runs the registry until it gets SIGTERM or SIGINT.")
    .option("-c, --config <file>", `settings in YAML; ${defaultFileNote}`)
    .addHelpText("after", serveHelp)
    .action(async (options: { config?: string }) => {
      const { serve } = await import("./serve.js");
      await serve(options);
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
      const { checkConfig } = await import("./config-check.js");
      await checkConfig(file);
    });
  config
    .command("print")
    .description("Prints the settings that hold, and where each came from. Secrets are shown as ***.")
    .argument("[file]", `settings in YAML; ${defaultFileNote}`)
    .action(async (file?: string) => {
      const { printConfig } = await import("./config-print.js");
      await printConfig(file);
    });
  config
    .command("example")
    .description("Prints a file with every setting, its default and its meaning.")
    .action(async () => {
      const { printExample } = await import("./config-example.js");
      printExample();
    });
}

const defaultFileNote = "without it berth.yml of this folder, if it is there";

const programHelp = `
Examples:
  berth serve                        serve at 127.0.0.1:5000, with the content in ./data
  berth serve --config berth.yml     serve as the file says
  berth config check berth.yml       find all that is wrong with the file
  berth config example > berth.yml   begin a file of your own

Exit codes: 0 it went well, 1 it failed, 2 the command line is wrong.`;

const serveHelp = `
Settings come from the file, and before it from the environment: BERTH_SERVER_PORT is server.port.
"berth config example" prints all there are. Relative paths are relative to this folder.

Examples:
  berth serve
  berth serve --config /etc/berth/berth.yml
  BERTH_SERVER_HOST=0.0.0.0 BERTH_STORAGE_FILESYSTEM_ROOT=/srv/registry berth serve`;

const configHelp = `
Examples:
  berth config check                 berth.yml of this folder, and the environment
  berth config print berth.yml       what holds, and where it was said
  berth config example > berth.yml   begin a file of your own`;
