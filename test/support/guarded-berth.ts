import { writeFile } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { join } from "node:path";
import { hash } from "@node-rs/bcrypt";
import type { ConfigOverrides } from "./config.js";
import { type RunningBerth, runBerth } from "./running-berth.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** The lowest cost of bcrypt: tests are not attacked. */
const cost = 4;

/** An htpasswd file with users and their passwords. */
export async function htpasswdFile(scope: Scope, passwords: Readonly<Record<string, string>>): Promise<string> {
  const file = join(await scope.folder("users"), "htpasswd");
  await writeFile(file, await htpasswdLines(passwords));
  return file;
}

export async function htpasswdLines(passwords: Readonly<Record<string, string>>): Promise<string> {
  const lines = Object.entries(passwords).map(async ([user, password]) => `${user}:${await hash(password, cost)}\n`);
  return (await Promise.all(lines)).join("");
}

/** The file of users, which may be changed while Berth runs. */
export interface UserFile {
  /** Resolves when Berth has read the users again. */
  replaceWith(lines: string): Promise<void>;
}

interface GuardedBerth extends RunningBerth {
  readonly users: UserFile;
  /** The whole section of its settings. */
  readonly access: object;
}

/** A Berth that knows ann (in the group platform), bob and ci, each with its name as its password. */
export async function runGuardedBerth(
  scope: Scope,
  access: NonNullable<ConfigOverrides["access"]>,
  options: Omit<ConfigOverrides, "storage" | "access"> & { readonly root?: string } = {},
): Promise<GuardedBerth> {
  const htpasswd = await htpasswdFile(scope, { ann: "ann", bob: "bob", ci: "ci" });
  const whole = { users: { htpasswd }, groups: { platform: ["ann"] }, ...access };
  const berth = await runBerth(scope, { ...options, access: whole } as Parameters<typeof runBerth>[1]);
  const replaceWith = async (lines: string) => {
    await writeFile(htpasswd, lines);
    const event = "the htpasswd file has changed and was read again";
    await waitUntil(event, () => berth.log.named(event)[0]);
  };
  return { ...berth, users: { replaceWith }, access: whole };
}

/** The header of Basic credentials; the password is the name unless given. */
export function basic(user: string, password = user): OutgoingHttpHeaders {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

export function bearer(token: string): OutgoingHttpHeaders {
  return { authorization: `Bearer ${token}` };
}
