import { spawn } from "node:child_process";
import { toolPath } from "./project.js";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and returns its output; throws with all its output if it fails. */
export async function runCommand(name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(name, args, options);
  if (result.code === 0) return result.stdout;
  const said = [result.stdout, result.stderr].map((text) => text.trim()).filter((text) => text !== "");
  throw new Error([`"${[name, ...args].join(" ")}" ended with ${result.code}`, ...said].join("\n"));
}

/** Runs a program to its end, whatever that is: an exit code, or the signal that ended it. */
export function tryCommand(
  name: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, env, input = "", timeoutMs = 180_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(toolPath(name), args, { cwd, env: { ...process.env, ...env }, timeout: timeoutMs });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal ?? "nothing", stdout, stderr }));
  });
}
