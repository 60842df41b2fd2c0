import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../src/commands/program.js";
import { clients } from "../../src/setup/clients.js";
import { projectRoot } from "../support/project.js";

const pagesIn = ["", "config", "config/clients", "docs"];

test("every berth command in the pages is one, with options that it has", async () => {
  const wrong: string[] = [];
  let found = 0;
  for (const page of await allPages()) {
    for (const words of commandsOf(await readFile(page, "utf8"))) {
      found++;
      const problem = problemOf(words);
      if (problem !== undefined) wrong.push(`${page}: berth ${words.join(" ")}: ${problem}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(found > 40, `only ${found} commands were found`);
});

async function allPages(): Promise<string[]> {
  const folders = await Promise.all(
    pagesIn.map(async (folder) => {
      const names = await readdir(join(projectRoot, folder));
      return names.filter((name) => name.endsWith(".md")).map((name) => join(projectRoot, folder, name));
    }),
  );
  return folders.flat();
}

/** The words behind `berth` of each line in a block for the shell. */
function commandsOf(page: string): string[][] {
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, lines = ""]) => lines);
  return blocks
    .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
    .map((line) => /^(?:sudo |npx |[A-Z_]+=\S+ )*berth\b(.*)$/.exec(line.replace(/(^|\s)#.*$/, ""))?.[1])
    .filter((rest) => rest !== undefined)
    .map((rest) => (rest.split(/[|>]/)[0] ?? "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [])
    .map((words) => words.map((word) => word.replaceAll(/^['"]|['"]$/g, "")));
}

/** What is wrong with a command, without running it. */
function problemOf(words: readonly string[]): string | undefined {
  let command: Command = createProgram();
  let rest = [...words];
  for (let next = named(command, rest[0]); next !== undefined; next = named(command, rest[0])) {
    command = next;
    rest = rest.slice(1);
  }
  if (command.commands.length > 0 && rest[0] !== undefined && !rest[0].startsWith("-")) return `no command ${rest[0]}`;
  const { operands, unknown } = command.parseOptions(rest);
  const unknownOptions = unknown.filter((word) => word.startsWith("-") && word !== "--help" && word !== "-h");
  if (unknownOptions.length > 0) return `no option ${unknownOptions.join(" ")}`;
  const [name] = operands;
  if (command.name() === "setup" && name !== undefined && !clients.has(name) && name !== "CLIENT")
    return `no setup ${name}`;
  return operands.length > command.registeredArguments.length && !command.registeredArguments.at(-1)?.variadic
    ? "too many words"
    : undefined;
}

function named(command: Command, word: string | undefined): Command | undefined {
  return command.commands.find((each) => each.name() === word || (word !== undefined && each.aliases().includes(word)));
}
