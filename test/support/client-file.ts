import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectRoot } from "./project.js";

/** Where the files of `config/clients` say that Berth is. */
const placeholder = "registry.example.com:5000";

export interface ClientFile {
  /** Below `config/clients`. */
  readonly name: string;
  /** Where the client looks for it. */
  readonly path: string;
  /** Where Berth is. */
  readonly host: string;
  /** What its comments propose to change, and to what. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** Puts a ready-made file where its client reads it, changed as its reader would change it and in nothing else. */
export async function installClientFile({ name, path, host, changes = {} }: ClientFile): Promise<string> {
  const text = await readFile(join(projectRoot, "config/clients", name), "utf8");
  const changed = Object.entries({ ...changes, [placeholder]: host }).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`config/clients/${name} does not say "${from}"`);
    return before.replaceAll(from, to);
  }, text);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, changed);
  return path;
}
