import { type Command, InvalidArgumentError, Option } from "commander";
import { linuxOn, type Platform, parsePlatform } from "../../oci/platform.js";

/** What can be done with the cache, whether or not a server runs. */
export function addCache(program: Command): void {
  const cache = program
    .command("cache")
    .summary("fill the cache, or look at what it holds")
    .description("Works on the content that was fetched from upstreams, directly in the data directory.")
    .helpCommand(false);
  addWarm(cache);
  addList(cache);
  addRemove(cache);
}

function addList(cache: Command): void {
  cache
    .command("ls")
    .summary("list the images that it holds")
    .description("Lists the images that are held of upstreams. Nothing private is among them.")
    .argument("[name]", "only those whose names begin so, such as ghcr.io/")
    .option("--json", "as JSON, with sizes in bytes")
    .option("-c, --config <file>", configFileNote)
    .action(async (name: string | undefined, options: { config?: string; json?: true }) => {
      const { listCache } = await import("./cache-ls.js");
      await listCache(name, options);
    });
}

function addRemove(cache: Command): void {
  cache
    .command("rm")
    .summary("remove images from it")
    .description(
      "Removes images that are held of upstreams; the next pull fetches them again. Nothing private can be removed.",
    )
    .argument("<images...>", "name:tag, name@digest, or a name alone for all of a repository")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", removeHelp)
    .action(async (images: string[], options: { config?: string }) => {
      const { removeFromCache } = await import("./cache-rm.js");
      await removeFromCache(images, options);
    });
}

const configFileNote = "settings in YAML; without it berth.yml of this folder, if it is there";

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
    .summary("fetch images before somebody pulls them")
    .description("Fetches images from their upstreams into the cache. What is there already is not fetched again.")
    .argument("[images...]", "as docker pull takes them: alpine, ghcr.io/owner/image:1.0, quay.io/app@sha256:...")
    .option("-f, --file <list>", "a file with an image a line and # comments; - is standard input")
    .addOption(
      new Option("--platform <list>", "images of an index to fetch, such as linux/amd64,linux/arm64")
        .argParser(parsePlatforms)
        .default([linuxOn(process.arch)], "Linux on a processor as here")
        .conflicts("allPlatforms"),
    )
    .option("--all-platforms", "each image of an index")
    .option("--concurrency <number>", "images and blobs to fetch at once", parseConcurrency, 4)
    .option("-q, --quiet", "tell nothing but what goes wrong")
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
    if (platform === undefined) throw new InvalidArgumentError(`A platform is os/architecture, such as linux/amd64.`);
    return platform;
  });
}

const mostAtOnce = 64;

function parseConcurrency(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostAtOnce) throw new InvalidArgumentError(`It is a number from 1 to ${mostAtOnce}.`);
  return count;
}

const warmHelp = `
A server may run on the same data meanwhile: each blob is fetched once. What arrived before Ctrl-C stays, and the
same command goes on from there.

Examples:
  berth cache warm alpine:3.20 ghcr.io/owner/image
  berth cache warm --file images.txt --platform linux/amd64,linux/arm64 --config /etc/berth/berth.yml`;

const removeHelp = `
A tag takes its image with it, unless another tag points there. If one of the images cannot be removed, none is.
A server may run on the same data meanwhile.

Examples:
  berth cache rm alpine:3.20
  berth cache rm ghcr.io/owner/image quay.io/app@sha256:...`;
