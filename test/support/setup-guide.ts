import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

const main = join(projectRoot, "dist/main.js");

/** What `berth setup` prints and writes, to be done as a person would do it. */
export interface SetupGuide {
  /** Stands for the root of the machine, and is also the folder of the project. */
  readonly root: string;
  /** `access` of the settings that the registry needs for it. */
  readonly access: Readonly<Record<string, unknown>>;
  /** Commands that the notes tell to run, in their order. */
  readonly commands: readonly string[];
  read(path: string): Promise<string>;
}

/** Runs `berth setup NAME` and has it write its files. */
export async function writeGuide(scope: Scope, name: string, ...options: string[]): Promise<SetupGuide> {
  const root = await scope.folder("machine");
  const args = ["setup", name, ...options, "--write", "--yes", "--root", root];
  const printed = await runCommand(process.execPath, [main, ...args], { cwd: root });
  const settings = /^--- the settings of the registry .*\n((?:(?!- ).*\n)*)/m.exec(printed)?.[1];
  return {
    root,
    access: settings === undefined ? {} : parse(settings).access,
    commands: [...printed.matchAll(/^- .*?: ((?:berth|docker|kubectl) .+)$/gm)].map(([, command = ""]) => command),
    read: (path) => readFile(join(root, path), "utf8"),
  };
}

/** Runs commands by a shell that finds `berth`, with the paths of a machine below another root. */
export async function shellOf(scope: Scope, root: string, env: Readonly<Record<string, string>>) {
  const folder = await scope.folder("bin");
  const file = join(folder, "berth");
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(file, 0o755);
  const path = { PATH: `${folder}:${process.env.PATH ?? ""}` };
  return (script: string, input = "") =>
    runCommand("bash", ["-euo", "pipefail", "-c", below(root, script)], { cwd: root, input, env: { ...env, ...path } });
}

/** A text with the paths of a server below another root. */
export function below(root: string, text: string): string {
  return text.replaceAll(/\/(etc\/berth|var\/lib\/berth)\b/g, `${root}/$1`);
}
