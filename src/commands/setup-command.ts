import { type Command, Option } from "commander";
import type { SetupOptions } from "./setup/setup.js";

/** The command that configures clients. */
export function addSetup(program: Command): void {
  program
    .command("setup")
    .summary("print or write the settings of a client or a server")
    .description("Prints the settings that a client or a server needs. With --write, puts them in place.")
    .argument("[name]", "team, anonymous-pull, nginx, docker, containerd, podman, ... (default: list all)")
    .option("--address <host>", "address that clients use, such as registry.example.com:5000")
    .addOption(
      new Option("--mode <mode>", "mode of the registry (default: as in the settings)").choices([
        "proxy",
        "private",
        "hybrid",
      ]),
    )
    .addOption(new Option("--insecure", "the registry uses plain HTTP").conflicts("ca"))
    .option("--ca <file>", "certificate of its authority, if clients do not trust it yet")
    .option("--upstream <name...>", "cached registries, such as docker.io ghcr.io (default: as in the settings)")
    .option("--login", "the registry asks for a login (default: as in the settings)")
    .option("--write", "write the files, after showing the changes and asking")
    .option("--yes", "do not ask")
    .option("--root <folder>", "write below this folder, such as the root of a machine image", "/")
    .option("-c, --config <file>", "settings in YAML (default: berth.yml in this folder, if it exists)")
    .addHelpText("after", setupHelp)
    .action(async (client: string | undefined, options: SetupOptions) => {
      const { setup } = await import("./setup/setup.js");
      await setup(client, options);
    });
}

const setupHelp = `
Existing files are extended where that is safe, and kept as .bak. Otherwise nothing is written.

Examples:
  berth setup team --address registry.example.com
  berth setup docker --address registry.example.com:5000 --insecure
  berth setup github-actions --address registry.example.com --login
  berth setup containerd --address registry.example.com --ca /etc/berth/ca.crt --mode proxy
  sudo berth setup podman --address registry.example.com --write`;
