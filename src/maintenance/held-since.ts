import type { RepositoryName } from "../oci/repository-name.js";
import type { CollectionRun } from "./collection-run.js";

/**
 * When the earliest upload began that holds the claims of a repository; 0 if that is not known. Looked up once, and
 * only if something is unneeded.
 */
export class HeldSince {
  readonly #run: CollectionRun;
  readonly #name: RepositoryName;
  #found: Promise<number | undefined> | undefined;

  constructor(run: CollectionRun, name: RepositoryName) {
    this.#run = run;
    this.#name = name;
  }

  sinceMs(): Promise<number | undefined> {
    this.#found ??= this.#find();
    return this.#found;
  }

  async #find(): Promise<number | undefined> {
    const { uploads, heldClaims, contentLinks } = this.#run.storage;
    const { nowMs } = this.#run.judge;
    const starts: number[] = [];
    for (const id of await uploads.list(this.#name)) {
      // A client that has sent nothing for as long as a claim lasts has given up.
      const usedMs = (await uploads.lastUse(this.#name, id)) ?? nowMs;
      if (usedMs + contentLinks.safeMs > nowMs) starts.push((await uploads.startedMs(this.#name, id)) ?? 0);
    }
    const ended = await heldClaims.since(this.#name, nowMs);
    if (ended !== undefined) starts.push(ended);
    return starts.length === 0 ? undefined : Math.min(...starts);
  }
}
