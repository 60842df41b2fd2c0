import { Command } from "commander";
import { packageVersion } from "../package-version.js";
import { addAccess } from "./access/access-commands.js";
import { addCache } from "./cache/cache-commands.js";
import { addFsck } from "./fsck/fsck-command.js";
import { addGarbageCollect } from "./gc/gc-commands.js";
import { addRetention } from "./retention/retention-commands.js";
import { addSetup } from "./setup-command.js";
import { addStorage } from "./storage/storage-commands.js";
import { addTag } from "./tag/tag-commands.js";
import { addTls } from "./tls/tls-commands.js";
import { addUsage } from "./usage/usage-command.js";

/** The command line. The code of a command is loaded only when the command runs. */
export function createProgram(): Command {
  const program = new Command("berth")
    .description("A container registry that stores your images and caches other registries.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .showHelpAfterError("(add --help for usage)")
    .addHelpText("after", programHelp);
  addServe(program);
  addConfig(program);
  addCache(program);
  addAccess(program);
  addTls(program);
  addSetup(program);
  addOwner(program);
  addGarbageCollect(program);
  addFsck(program);
  addUsage(program);
  addStorage(program);
  addTag(program);
  addRetention(program);
  addHealth(program);
  addCredentialProvider(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command("serve")
    .summary("run the registry")
    .description("Runs the registry until it gets SIGTERM or SIGINT.")
    .argument("[file]", `settings in YAML ${defaultFileNote}`)
    .option("-c, --config <file>", "the same as [file]")
    .addHelpText("after", serveHelp)
    .action(async (file: string | undefined, { config }: { config?: string }, command: Command) => {
      const { serve } = await import("./serve.js");
      await serve({ config: onlyOne(file, config, command) });
    });
}

function addConfig(program: Command): void {
  const config = program
    .command("config")
    .summary("check, print, import or create a settings file")
    .description("Works with the settings without starting the server.")
    .helpCommand(false)
    .addHelpText("after", configHelp);
  config
    .command("check")
    .description("Reports every problem of the settings, with its line. Exits with 0 if there is none.")
    .argument("[file]", `settings in YAML ${defaultFileNote}`)
    .option("-c, --config <file>", "the same as [file]")
    .action(async (file: string | undefined, options: { config?: string }, command: Command) => {
      const { checkConfig } = await import("./config/config-check.js");
      await checkConfig(onlyOne(file, options.config, command));
    });
  config
    .command("print")
    .description("Prints the settings in effect and where each comes from. Secrets are shown as ***.")
    .argument("[file]", `settings in YAML ${defaultFileNote}`)
    .option("-c, --config <file>", "the same as [file]")
    .action(async (file: string | undefined, options: { config?: string }, command: Command) => {
      const { printConfig } = await import("./config/config-print.js");
      await printConfig(onlyOne(file, options.config, command));
    });
  config
    .command("import")
    .description("Converts settings of registry:2 to a file for Berth, and says what became of each.")
    .argument("[file]", "settings of registry:2 (default: only its REGISTRY_... variables)")
    .option("-o, --output <file>", "the file to write; it must not exist (default: standard output)")
    .action(async (file: string | undefined, options: { output?: string }) => {
      const { importConfig } = await import("./config/config-import.js");
      await importConfig(file, options);
    });
  config
    .command("example")
    .description("Prints a file with every setting, its default and its meaning.")
    .action(async () => {
      const { printExample } = await import("./config/config-print.js");
      printExample();
    });
}

function addOwner(program: Command): void {
  program
    .command("owner")
    .summary("say which mode owns a name")
    .description("Says whether a repository name is private or cached from an upstream, and which setting decides.")
    .argument("<name>", "such as team/app, alpine:3.20 or ghcr.io/owner/image")
    .option("-c, --config <file>", `settings in YAML ${defaultFileNote}`)
    .option("--ns <registry>", "the registry that containerd sends in ?ns=")
    .action(async (name: string, options: { config?: string; ns?: string }) => {
      const { showOwner } = await import("./owner.js");
      await showOwner(name, options);
    });
}

function addHealth(program: Command): void {
  program
    .command("health")
    .summary("check a running server")
    .description("Requests /healthz from the server that runs with these settings. Exits with 0 if it is healthy.")
    .argument("[file]", `settings in YAML ${defaultFileNote}`)
    .action(async (file?: string) => {
      const { checkHealth } = await import("./health.js");
      await checkHealth(file);
    });
}

function addCredentialProvider(program: Command): void {
  program
    .command("credential-provider")
    .summary("log the kubelet in by the service accounts of its pods")
    .description(
      "Speaks the kubelet's credentialprovider.kubelet.k8s.io/v1 on standard input and output: " +
        "the token of a pod's service account becomes its password. See: berth setup kubelet",
    )
    .action(async () => {
      const { provideCredentials } = await import("./credential-provider.js");
      await provideCredentials();
    });
}

/** The settings file, given as an argument or as an option. */
function onlyOne(file: string | undefined, config: string | undefined, command: Command): string | undefined {
  if (file !== undefined && config !== undefined) command.error("error: two settings files are given; keep one");
  return file ?? config;
}

const defaultFileNote = "(default: berth.yml in this folder, if it exists)";

const programHelp = `
Examples:
  berth serve                        listen on 127.0.0.1:5000 and store content in ./data
  berth serve berth.yml              use the settings of a file, of Berth or of registry:2
  berth config check berth.yml       find every mistake in a file
  berth config example > berth.yml   start a file of your own
  berth owner library/alpine         say which mode owns the name, and why

Exit codes: 0 success, 1 failure, 2 wrong usage.`;

const serveHelp = `
Environment variables override the file: BERTH_SERVER_PORT is server.port. A file of registry:2 works too
(it says version: 0.1), and so do its variables, such as REGISTRY_HTTP_ADDR. Relative paths start at this
folder. "berth config example" prints every setting.

Examples:
  berth serve
  berth serve --config /etc/berth/berth.yml
  BERTH_SERVER_HOST=0.0.0.0 BERTH_STORAGE_FILESYSTEM_ROOT=/srv/registry berth serve`;

const configHelp = `
Examples:
  berth config check                 check berth.yml in this folder and the environment
  berth config print berth.yml       show the settings in effect and their origin
  berth config example > berth.yml   start a file of your own
  berth config import config.yml     convert a file of registry:2`;
