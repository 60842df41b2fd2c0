import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectRoot } from "./project.js";

/** Berth's address in the files of `config/clients`. */
const placeholder = "registry.example.com:5000";

export interface ClientFile {
  /** Below `config/clients`. */
  readonly name: string;
  /** The path where the client looks for it. */
  readonly path: string;
  /** Berth's address. */
  readonly host: string;
  /** Changes that its comments propose, as old and new text. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** Installs a ready-made file for its client, changed only as its comments tell the reader to. */
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
