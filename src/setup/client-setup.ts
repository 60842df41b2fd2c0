import { createHash } from "node:crypto";
import type { OwnAuthority } from "./registry-to-reach.js";

/** What to do if such a file exists already and was not made by Berth. */
export type Joining =
  /** Extend the lists of a JSON object. */
  | "extend-json"
  /** Append the TOML tables, if the file has no table of that kind. */
  | "append-toml"
  /** Leave it: only a person can decide. */
  | "leave";

/** A file that a client reads. */
export interface SetupFile {
  /** The path where the client looks for it; relative for a file in a project. */
  readonly path: string;
  readonly content: string;
  readonly joining: Joining;
  /** The file to copy. */
  readonly copyOf?: string;
  /** It is a program. */
  readonly isExecutable?: boolean;
}

/** Everything that one client needs. */
export interface ClientSetup {
  /** Empty if the client needs no settings. */
  readonly files: readonly SetupFile[];
  /** What the registry's own settings must say for it, as lines of YAML. */
  readonly registrySettings?: readonly string[];
  /** What remains to be done or known, in sentences. */
  readonly notes: readonly string[];
}

const ownMark = "# Made by berth setup";

/** A file with `#` comments that carries a checksum, so that later changes by others are noticed. */
export function ownFile(path: string, lines: readonly string[], joining: Joining = "leave"): SetupFile {
  const body = `${lines.join("\n")}\n`;
  return { path, content: `${markOf(body)}\n${body}`, joining };
}

/** A script for the shell of POSIX. */
export function ownProgram(path: string, lines: readonly string[]): SetupFile {
  const { content, joining } = ownFile(path, lines);
  return { path, content: `${shebang}${content}`, joining, isExecutable: true };
}

const shebang = "#!/bin/sh\n";

/** Whether the file was made here and is unchanged, so that overwriting it loses no one's work. */
export function isOwnFile(content: string): boolean {
  const text = content.startsWith(shebang) ? content.slice(shebang.length) : content;
  const end = text.indexOf("\n");
  return end > 0 && text.slice(0, end) === markOf(text.slice(end + 1));
}

function markOf(body: string): string {
  return `${ownMark} (${createHash("sha256").update(body).digest("hex").slice(0, 12)})`;
}

export function certificateFile(path: string, { file, pem }: OwnAuthority): SetupFile {
  return { path, content: pem, joining: "leave", copyOf: file };
}
