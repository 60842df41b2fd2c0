import type { Collection, CollectionReport } from "../../maintenance/collection-report.js";
import type { Stay } from "../../maintenance/unneeded-content.js";
import type { Unneeded } from "../../storage/collection-notes.js";

/** Gathers what a collection found, for programs: `berth gc --json`. */
export class CollectionJson {
  readonly #deleted: object[] = [];
  readonly #waiting: object[] = [];
  readonly #problems: string[] = [];
  #repositories = { unchanged: 0, read: 0 };
  readonly report: CollectionReport = {
    repositories: ({ unchanged, toRead }) => {
      this.#repositories = { unchanged, read: toRead };
    },
    marked: () => {},
    goes: (item) =>
      void this.#deleted.push(
        item.kind === "repository" ? { kind: "repository", repository: item.name } : namesOf(item),
      ),
    stays: (item, stay) => void this.#waiting.push({ ...namesOf(item), ...reasonOf(stay) }),
    problem: (problem) => void this.#problems.push(problem),
    found: ({ bytes }) => {
      for (const { digest, size } of bytes) this.#deleted.push({ kind: "bytes", digest, bytes: size });
    },
  };

  /** @param dryRun whether nothing was changed */
  text({ isAlone, bytes, trashed, nextMs }: Collection, dryRun: boolean): string {
    const report = {
      dryRun,
      besideServers: !isAlone,
      freedBytes: bytes,
      trashed,
      nextAt: nextMs === undefined ? undefined : new Date(nextMs).toISOString(),
      repositories: this.#repositories,
      deleted: this.#deleted,
      waiting: this.#waiting,
      problems: this.#problems,
    };
    return JSON.stringify(report, undefined, 2);
  }
}

function namesOf(item: Unneeded): object {
  if (item.kind === "bytes") return { kind: item.kind, digest: item.digest };
  return { kind: item.kind, repository: item.name, digest: item.digest };
}

function reasonOf(stay: Stay): object {
  return { why: stay.why, ...("untilMs" in stay && { until: new Date(stay.untilMs).toISOString() }) };
}
