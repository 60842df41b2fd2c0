import { type Command, InvalidArgumentError, Option } from "commander";
import { linuxOn, type Platform, parsePlatform } from "../../oci/platform.js";

/** The commands for the cache; they work with and without a running server. */
export function addCache(program: Command): void {
  const cache = program
    .command("cache")
    .summary("fill, list or clean the cache")
    .description("Works on cached content, directly in the data directory. A server may run meanwhile.")
    .helpCommand(false);
  addWarm(cache);
  addList(cache);
  addRemove(cache);
}

function addList(cache: Command): void {
  cache
    .command("ls")
    .summary("list cached images")
    .description("Lists cached images. Private images are not among them.")
    .argument("[name]", "only names that begin with this, such as ghcr.io/")
    .option("--json", "print JSON, with sizes in bytes")
    .option("-c, --config <file>", configFileNote)
    .action(async (name: string | undefined, options: { config?: string; json?: true }) => {
      const { listCache } = await import("./cache-ls.js");
      await listCache(name, options);
    });
}

function addRemove(cache: Command): void {
  cache
    .command("rm")
    .summary("delete cached images")
    .description("Deletes cached images; the next pull downloads them again. Private images cannot be deleted.")
    .argument("<images...>", "name:tag, name@digest, or a name alone for the whole repository")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", removeHelp)
    .action(async (images: string[], options: { config?: string }) => {
      const { removeFromCache } = await import("./cache-rm.js");
      await removeFromCache(images, options);
    });
}

const configFileNote = "settings in YAML (default: berth.yml in this folder, if it exists)";

interface WarmOptions {
  readonly config?: string;
  readonly file?: string;
  readonly platform: readonly Platform[];
  readonly allPlatforms?: boolean;
  readonly concurrency: number;
  readonly quiet?: boolean;
}

function addWarm(cache: Command): void {
  cache
    .command("warm")
    .summary("download images before anyone pulls them")
    .description("Downloads images into the cache. What is cached already is not downloaded again.")
    .argument("[images...]", "as for docker pull: alpine, ghcr.io/owner/image:1.0, quay.io/app@sha256:...")
    .option("-f, --file <list>", "a file with one image per line and # comments; - is standard input")
    .addOption(
      new Option("--platform <list>", "platforms of an index to download, such as linux/amd64,linux/arm64")
        .argParser(parsePlatforms)
        .default([linuxOn(process.arch)], "Linux on this machine's processor")
        .conflicts("allPlatforms"),
    )
    .option("--all-platforms", "download every platform of an index")
    .option("--concurrency <number>", "images and blobs to download at once", parseConcurrency, 4)
    .option("-q, --quiet", "print errors only")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", warmHelp)
    .action(async (images: string[], options: WarmOptions, command: Command) => {
      if (images.length === 0 && options.file === undefined)
        command.error("error: name an image, or a list with --file");
      const { warmCache } = await import("./warm/cache-warm.js");
      await warmCache(images, { ...options, platforms: options.allPlatforms ? "all" : options.platform });
    });
}

function parsePlatforms(text: string): Platform[] {
  return text.split(",").map((one) => {
    const platform = parsePlatform(one.trim());
    if (platform === undefined) throw new InvalidArgumentError("A platform is os/architecture, such as linux/amd64.");
    return platform;
  });
}

const mostAtOnce = 64;

function parseConcurrency(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostAtOnce) throw new InvalidArgumentError(`It must be a number from 1 to ${mostAtOnce}.`);
  return count;
}

const warmHelp = `
With a server on the same data, each blob is still downloaded once. What arrived before Ctrl-C stays, and the
same command resumes there.

Examples:
  berth cache warm alpine:3.20 ghcr.io/owner/image
  berth cache warm --file images.txt --platform linux/amd64,linux/arm64 --config /etc/berth/berth.yml`;

const removeHelp = `
A tag is deleted with its image, unless another tag points to it. If one image cannot be deleted, none is.

Examples:
  berth cache rm alpine:3.20
  berth cache rm ghcr.io/owner/image quay.io/app@sha256:...`;
