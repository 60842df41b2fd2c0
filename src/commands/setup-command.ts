import { type Command, Option } from "commander";
import type { SetupOptions } from "./setup/setup.js";

/** How clients come to know of a registry. */
export function addSetup(program: Command): void {
  program
    .command("setup")
    .summary("print or write what clients need to reach this registry")
    .description("Prints the settings of a client for this registry, and with --write puts them where they belong.")
    .argument("[client]", "docker, containerd, podman, buildkit, k3s, ...; without it all are listed")
    .option("--address <host>", "how clients reach the registry, such as registry.example.com:5000")
    .addOption(
      new Option("--mode <mode>", "instead of the one of the settings").choices(["proxy", "private", "hybrid"]),
    )
    .addOption(new Option("--insecure", "it speaks plain HTTP").conflicts("ca"))
    .option("--ca <file>", "certificate of its authority, if clients do not know that")
    .option("--upstream <name...>", "what is cached, such as docker.io ghcr.io; else as the settings say")
    .option("--write", "write the files, after showing what changes and asking")
    .option("--yes", "do not ask")
    .option("--root <folder>", "where paths begin, such as the root of an image of a machine", "/")
    .option("-c, --config <file>", "settings in YAML; without it berth.yml of this folder, if it is there")
    .addHelpText("after", setupHelp)
    .action(async (client: string | undefined, options: SetupOptions) => {
      const { setup } = await import("./setup/setup.js");
      await setup(client, options);
    });
}

const setupHelp = `
Files that are there are extended where that is safe, and kept as .bak; where it is not, nothing is written.

Examples:
  berth setup docker --address registry.example.com:5000 --insecure
  berth setup containerd --address registry.example.com --ca /etc/berth/ca.crt --mode proxy
  sudo berth setup podman --address registry.example.com --write`;
