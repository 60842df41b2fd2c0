import type { CollectionReport, FoundGarbage } from "../../maintenance/collection-report.js";
import type { RepositoryMark } from "../../maintenance/repository-mark.js";
import type { Stay } from "../../maintenance/unneeded-content.js";
import type { Unneeded } from "../../storage/collection-notes.js";

type Print = (line: string) => void;

/** Prints the result of a collection in the words of registry:2, which people and scripts know. */
export function garbageLines(print: Print, complain: Print): CollectionReport {
  return {
    repositories: ({ unchanged }) => {
      if (unchanged > 0)
        print(`${unchanged} repositories are unchanged since an earlier run, and all of them is needed`);
    },
    marked: (mark) => printMark(mark, print),
    goes: (item) => {
      if (item.kind === "repository") print(`${item.name}: repository eligible for deletion: it is empty`);
      else print(`${nameOf(item)} eligible for deletion: ${item.digest}`);
    },
    stays: (item, stay) => print(`${nameOf(item)} waits: ${item.digest}: ${reasonOf(stay)}`),
    problem: complain,
    found: (garbage) => printGarbage(garbage, print),
  };
}

/** For `--quiet`: a large collection makes a hundred thousand lines. */
export function problemsOnly(complain: Print): CollectionReport {
  const nothing = () => {};
  return { repositories: nothing, marked: nothing, goes: nothing, stays: nothing, problem: complain, found: nothing };
}

function printMark({ name, kept, named }: RepositoryMark, print: Print): void {
  const lines: string[] = [name];
  for (const digest of kept) lines.push(`${name}: marking manifest ${digest}`);
  for (const digest of named) if (!kept.has(digest)) lines.push(`${name}: marking blob ${digest}`);
  // One write for all of them: most of what a large collection prints is this.
  print(lines.join("\n"));
}

function printGarbage({ needed, manifests, bytes }: FoundGarbage, print: Print): void {
  print("");
  print(`${needed} blobs marked, ${bytes.length} blobs and ${manifests} manifests eligible for deletion`);
  for (const { digest } of bytes) print(`blob eligible for deletion: ${digest}`);
}

const kinds = { blob: "layer link", manifest: "manifest" } as const;

function nameOf(item: Unneeded): string {
  return item.kind === "bytes" ? "blob" : `${item.name}: ${kinds[item.kind]}`;
}

function reasonOf(stay: Stay): string {
  switch (stay.why) {
    case "noted":
      return `unneeded since now, so it may be deleted after ${timeOf(stay.untilMs)}`;
    case "waits":
      return `it may be deleted after ${timeOf(stay.untilMs)}`;
    case "claimed":
      return `a client or another program may rely on it until ${timeOf(stay.untilMs)}`;
    case "uploading":
      return "an upload to the repository is open, or has just ended";
    case "unknown age":
      return "its date is in the future, so its age is unknown";
  }
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
