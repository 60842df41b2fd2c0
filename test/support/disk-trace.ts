import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** A system call of a process, in order of completion. */
export interface TracedCall {
  readonly call: string;
  /** As printed by strace, with the path of each file descriptor. */
  readonly args: string;
}

const traced = "trace=fsync,fdatasync,openat,rename,mkdir,unlink,write,writev";

/** Observes from outside, until the test is over, what a process does to the disk and what it responds. */
export async function traceDisk(scope: Scope, pid: number, provoke: () => Promise<unknown>) {
  const file = join(await scope.folder("trace"), "calls");
  const strace = new Daemon(scope, "strace", ["-f", "-y", "-s", "1024", "-e", traced, "-o", file, "-p", String(pid)]);
  const read = async () => callsIn(await readFile(file, "utf8").catch(() => ""));
  await waitUntil("the trace has begun", async () => {
    await provoke();
    return strace.isRunning && (await read()).length > 0 ? true : undefined;
  });
  return { read };
}

/** The calls in order of completion: one that is interrupted by another thread's is printed in two lines. */
function callsIn(trace: string): TracedCall[] {
  const begun = new Map<string, string>();
  const calls: TracedCall[] = [];
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (rest.endsWith("<unfinished ...>")) {
      begun.set(thread, rest.replace("<unfinished ...>", ""));
      continue;
    }
    const text = resumed === null ? rest : `${begun.get(thread) ?? ""}${resumed[1] ?? ""}`;
    const [, call, args] = /^(\w+)\((.*)\)\s+= (?!-1)/.exec(text) ?? [];
    if (call !== undefined && args !== undefined) calls.push({ call, args });
  }
  return calls;
}
