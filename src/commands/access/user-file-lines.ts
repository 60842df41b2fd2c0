import { loadConfig } from "../../config/load.js";
import { readSmallText } from "../../foundation/small-file.js";
import { ExplainedError } from "../../serving/explained-error.js";

export interface UserFileOptions {
  readonly file?: string;
  readonly config?: string;
}

/** The htpasswd file that the command line names, or else the settings. */
export async function userFileOf({ file, config: configFile }: UserFileOptions): Promise<string> {
  if (file !== undefined) return file;
  const { config } = await loadConfig({ file: configFile, environment: process.env, directory: process.cwd() });
  const named = config.access?.users.htpasswd;
  if (named === undefined) {
    throw new ExplainedError("access.users.htpasswd is not set; name a file with --file");
  }
  return named;
}

/** The lines of the file without those of a user. Comments and invalid lines are kept. */
export async function linesWithout(file: string, user: string): Promise<{ lines: string[]; wasThere: boolean }> {
  const content = await readSmallText(file).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  const all = content.split(/\r?\n/).filter((line, index, lines) => line !== "" || index < lines.length - 1);
  const lines = all.filter((line) => !line.startsWith(`${user}:`));
  return { lines, wasThere: lines.length < all.length };
}
