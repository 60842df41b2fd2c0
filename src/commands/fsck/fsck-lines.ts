import { showBytes } from "../../foundation/byte-amount.js";
import type { CheckResult, Finding, Holder, Outcome } from "../../maintenance/fsck/finding.js";
import { showSeconds } from "../cache/warm/amounts.js";

const outcomes: Readonly<Record<Outcome, string | undefined>> = {
  left: undefined,
  "fetched again": "mended: fetched again from its upstream",
  "set aside": "set aside: it counts as missing now",
  "written again": "mended: written again",
  removed: "removed",
};

const imagesShown = 20;

/** A finding in a few lines for people: what, where, which images, what was done, what to do. */
export function linesOfFinding(finding: Finding): readonly string[] {
  const { flaw, isDamage, digest, tag, place, what, holders, outcome, setAsideTo, obstacle, advice } = finding;
  const about = digest ?? tag;
  const details = [
    place,
    what,
    ...holders.map(lineOfHolder),
    ...(outcomes[outcome] === undefined ? [] : [outcomes[outcome]]),
    ...(setAsideTo === undefined ? [] : [`its bytes are in ${setAsideTo}`]),
    ...(obstacle === undefined ? [] : [`could not be mended: ${obstacle}`]),
    ...(advice === undefined ? [] : [`to do: ${advice}`]),
  ];
  return [
    `${isDamage ? "" : "leftover: "}${flaw}${about === undefined ? "" : `: ${about}`}`,
    ...details.map((line) => `  ${line}`),
  ];
}

function lineOfHolder({ name, upstream, images }: Holder): string {
  const shown = images.slice(0, imagesShown);
  const more = images.length > shown.length ? ` and ${images.length - shown.length} more` : "";
  const from = upstream === undefined ? "private" : `cached from ${upstream}`;
  return `${name} (${from})${images.length === 0 ? "" : `: breaks ${shown.join(", ")}${more}`}`;
}

/** The end of a report. */
export function linesOfResult(result: CheckResult, seconds: number): readonly string[] {
  const { blobs, bytes, manifests, tags, repositories, unlinked, setAside, damaged, mended, leftovers } = result;
  const looked = `${count(blobs, "blob")} (${showBytes(bytes)}), ${count(manifests, "manifest")} and ${count(tags, "tag")}`;
  return [
    `${looked} of ${count(repositories, "repository")} checked in ${showSeconds(seconds)}`,
    ...(unlinked === undefined || unlinked.blobs === 0
      ? []
      : [
          `${count(unlinked.blobs, "blob")} (${showBytes(unlinked.bytes)}) belong to no repository, or are in the trash: berth gc removes them in time`,
        ]),
    ...(setAside.blobs === 0
      ? []
      : [
          `${count(setAside.blobs, "damaged blob")} (${showBytes(setAside.bytes)}) set aside: berth fsck set-aside lists them`,
        ]),
    ...(leftovers === 0 ? [] : [`${count(leftovers, "leftover")}, which no client needs`]),
    damaged === 0 && mended === 0 ? "nothing is damaged" : `${damaged} damaged, ${mended} mended`,
  ];
}

const plurals: Readonly<Record<string, string>> = { repository: "repositories" };

function count(number: number, noun: string): string {
  return `${number} ${number === 1 ? noun : (plurals[noun] ?? `${noun}s`)}`;
}
