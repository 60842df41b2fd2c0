import { messageOf } from "../../../config/problem.js";
import { readSmallText } from "../../../foundation/small-file.js";
import { type ImageName, parseImageName } from "../../../oci/image-name.js";
import type { ImageToWarm } from "../../../proxy/warming/image-warmer.js";
import type { PullRepository } from "../../../registry/repository.js";
import { ExplainedError } from "../../../serving/explained-error.js";
import { readInput } from "../../read-input.js";

/** Finds the repository of a name. @throws RegistryError if nothing owns the name */
type FindRepository = (name: ImageName) => Promise<PullRepository>;

interface WrittenImage {
  readonly text: string;
  /** File and line; `undefined` for the command line. */
  readonly where: string | undefined;
}

const stdin = { argument: "-", shown: "standard input" };

/**
 * The images of the command line and of a list, without duplicates.
 * @param list a file with one image per line, or `-` for standard input
 * @throws ExplainedError that lists every entry that is not an image or has no owner
 */
export async function listImages(
  images: readonly string[],
  list: string | undefined,
  repositoryOf: FindRepository,
): Promise<ImageToWarm[]> {
  const named = images.map((image) => ({ text: image, where: undefined }));
  const written = [...named, ...(list === undefined ? [] : linesOf(await read(list), list))];
  const found = new Map<string, ImageToWarm>();
  const problems: string[] = [];
  for (const image of written) {
    try {
      const name = parseImageName(image.text);
      found.set(image.text, { title: image.text, repository: await repositoryOf(name), reference: name.reference });
    } catch (error) {
      problems.push(describe(image, error));
    }
  }
  if (problems.length > 0) throw new ExplainedError("nothing was downloaded, since these images cannot be", problems);
  if (found.size === 0) throw new ExplainedError(`${list === stdin.argument ? stdin.shown : list} contains no image`);
  return [...found.values()];
}

async function read(list: string): Promise<string> {
  if (list === stdin.argument) return readInput();
  return readSmallText(list).catch((error: unknown) => {
    throw new ExplainedError(`${list} cannot be read: ${messageOf(error)}`);
  });
}

/** Comments begin with `#`, at the start of a line or after a space. */
function linesOf(content: string, list: string): WrittenImage[] {
  const shown = list === stdin.argument ? stdin.shown : list;
  return content
    .split("\n")
    .map((line, index) => ({ text: line.replace(/(^|\s)#.*/, "").trim(), where: `${shown}:${index + 1}` }))
    .filter((line) => line.text !== "");
}

function describe({ text: image, where }: WrittenImage, error: unknown): string {
  const shown = JSON.stringify(image.slice(0, 200));
  const what = /\s/.test(image) ? "write one image per line, without spaces" : messageOf(error);
  return where === undefined ? `${shown}: ${what}` : `${where}: ${shown}: ${what}`;
}
