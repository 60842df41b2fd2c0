import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** A call of the system that a process made, when it was done. */
export interface TracedCall {
  readonly call: string;
  /** As strace prints them, with the path of each file descriptor. */
  readonly args: string;
}

const traced = "trace=fsync,fdatasync,rename,mkdir,unlink,write,writev";

/** Watches from outside, until the test is over, what a process does to the disk and what it answers. */
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

/** The calls in the order in which they were done: one that another thread's interrupted is printed in two lines. */
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
