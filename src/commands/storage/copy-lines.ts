import type { CopyReport } from "../../storage/copying/copy-report.js";

/** One line, while a copy runs. */
export function progressOf(report: CopyReport): string {
  return `${amounts(report)} so far`;
}

/** What a copy has done, for people. */
export function linesOf(report: CopyReport, seconds: number, isDryRun: boolean): string {
  const problems = [
    ...[...report.damaged].map((digest) => `damaged in the source, and not copied: ${digest}`),
    ...[...report.missing].map((digest) => `linked in the source, but not there: ${digest}`),
  ];
  const lead = isDryRun ? "would be copied: " : "copied: ";
  return [...problems, `${lead}${amounts(report)}, in ${seconds} s`].map((line) => `${line}\n`).join("");
}

/** The same, for programs. */
export function jsonOf(report: CopyReport, seconds: number, dryRun: boolean): string {
  const { damaged, missing, ...counts } = report;
  const said = { dryRun, seconds, ...counts, damaged: [...damaged], missing: [...missing] };
  return `${JSON.stringify(said, undefined, 2)}\n`;
}

function amounts({ repositories, blobs, bytes, written, removed }: CopyReport): string {
  const megabytes = (bytes / 1e6).toFixed(1);
  return `${repositories} repositories looked at, ${blobs} blobs with ${megabytes} MB, ${written} links and records written, ${removed} removed`;
}
