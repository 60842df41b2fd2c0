import { readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time and memory of a process and its descendants, read from /proc. */
export class ProcessTree {
  #root;

  constructor(pid) {
    this.#root = pid;
  }

  /** User and system time of all of them so far, and of those that have ended. */
  cpuSeconds() {
    return this.#sum((pid) => secondsIn(read(pid, "stat")));
  }

  /** The same of the first thread of the first process alone, which runs a server's JavaScript. */
  mainThreadSeconds() {
    return secondsIn(read(this.#root, `task/${this.#root}/stat`));
  }

  /** Current resident memory, in bytes. */
  residentBytes() {
    return this.#sum((pid) => statusBytes(pid, "VmRSS"));
  }

  /** Peak resident memory, in bytes; for several processes the sum of their peaks. */
  peakResidentBytes() {
    return this.#sum((pid) => statusBytes(pid, "VmHWM"));
  }

  #sum(measure) {
    return descendants(this.#root).reduce((sum, pid) => sum + measure(pid), 0);
  }
}

function secondsIn(stat) {
  // The name in parentheses may contain spaces, so fields are counted after it: utime is the 14th, then stime, and the
  // same of children that have ended.
  const fields = stat.replace(/^.*\) /s, "").split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

function descendants(pid) {
  const children = read(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => descendants(Number(child)))];
}

function statusBytes(pid, field) {
  const kibibytes = read(pid, "status").match(new RegExp(`^${field}:\\s+(\\d+) kB`, "m"))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

function read(pid, file) {
  return readFileSync(`/proc/${pid}/${file}`, "utf8");
}
