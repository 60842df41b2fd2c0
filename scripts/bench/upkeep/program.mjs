import { spawn } from "node:child_process";
import { ProcessTree } from "../process-tree.mjs";

const lookedEachMs = 20;
const mebibyte = 1024 * 1024;
/** What takes longer is stuck. */
const limitMs = 5 * 60_000;

/**
 * Runs a program to its end.
 * @returns {Promise<{ seconds: number, cpuSeconds: number, mebibytes: number }>} the most memory that it had
 */
export async function runProgram(program, args, { env = {}, stdin = "ignore" } = {}) {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: [stdin, "ignore", "inherit"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  const tree = new ProcessTree(child.pid);
  let [bytes, cpuSeconds] = [0, 0];
  const look = setInterval(() => {
    try {
      bytes = Math.max(bytes, tree.peakResidentBytes());
      cpuSeconds = Math.max(cpuSeconds, tree.cpuSeconds());
    } catch {
      // It has just ended.
    }
  }, lookedEachMs);
  const [code, signal] = await new Promise((done, fail) => child.on("error", fail).on("exit", (...end) => done(end)));
  clearInterval(look);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code ?? signal}`);
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds, mebibytes: bytes / mebibyte };
}
