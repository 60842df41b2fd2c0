import { createHash } from "node:crypto";
import type { OwnAuthority } from "./registry-to-reach.js";

/** What happens where such a file is already, and not from here. */
export type Joining =
  /** The lists of a JSON object are made longer. */
  | "extend-json"
  /** Tables of TOML go to the end, if it has none of that kind. */
  | "append-toml"
  /** Nothing: only a person can tell. */
  | "leave";

/** A file that a client reads. */
export interface SetupFile {
  /** Where the client looks for it; relative to a project if it belongs there. */
  readonly path: string;
  readonly content: string;
  readonly joining: Joining;
  /** The file that it is a copy of. */
  readonly copyOf?: string;
}

/** All that one client needs. */
export interface ClientSetup {
  /** None if the client needs no word. */
  readonly files: readonly SetupFile[];
  /** What is left to be done or known, a sentence each. */
  readonly notes: readonly string[];
}

const ownMark = "# Made by berth setup";

/** A file of lines with `#` comments, of which it can be told later whether anybody has changed it. */
export function ownFile(path: string, lines: readonly string[], joining: Joining = "leave"): SetupFile {
  const body = `${lines.join("\n")}\n`;
  return { path, content: `${markOf(body)}\n${body}`, joining };
}

/** Whether it was made here and is as it was made: then nobody's work is lost with it. */
export function isOwnFile(content: string): boolean {
  const end = content.indexOf("\n");
  return end > 0 && content.slice(0, end) === markOf(content.slice(end + 1));
}

function markOf(body: string): string {
  return `${ownMark} (${createHash("sha256").update(body).digest("hex").slice(0, 12)})`;
}

export function certificateFile(path: string, { file, pem }: OwnAuthority): SetupFile {
  return { path, content: pem, joining: "leave", copyOf: file };
}
