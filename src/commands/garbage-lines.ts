import type { Garbage, GarbageReport } from "../maintenance/find-garbage.js";
import type { RepositoryMark } from "../maintenance/repository-mark.js";

type Print = (line: string) => void;

/** Prints the result of a collection in the words of registry:2, which people and scripts know. */
export function garbageLines(print: Print, complain: Print): GarbageReport {
  return {
    marked: (mark) => {
      printMark(mark, print);
      for (const problem of mark.problems) complain(`${mark.name}: ${problem}`);
    },
    found: (garbage, marked) => printGarbage(garbage, marked, print),
  };
}

function printMark({ name, kept, named }: RepositoryMark, print: Print): void {
  print(name);
  for (const digest of kept) print(`${name}: marking manifest ${digest}`);
  for (const digest of named) if (!kept.has(digest)) print(`${name}: marking blob ${digest}`);
}

function printGarbage({ repositories, blobs }: Garbage, marked: number, print: Print): void {
  const manifests = repositories.reduce((sum, repository) => sum + repository.manifests.length, 0);
  print("");
  print(`${marked} blobs marked, ${blobs.length} blobs and ${manifests} manifests eligible for deletion`);
  for (const { name, manifests, layers, isEmptied } of repositories) {
    for (const digest of manifests) print(`${name}: manifest eligible for deletion: ${digest}`);
    for (const digest of layers) print(`${name}: layer link eligible for deletion: ${digest}`);
    if (isEmptied) print(`${name}: repository eligible for deletion: it is empty`);
  }
  for (const digest of blobs) print(`blob eligible for deletion: ${digest}`);
}
