import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a test acquired and releases when it is over, passed or failed: the last first. */
export class Scope {
  readonly #releases: (() => Promise<unknown> | unknown)[] = [];

  /** @param t the test, or anything else that reports its end */
  constructor(t: { after(release: () => Promise<void>): void }) {
    t.after(() => this.#close());
  }

  /** Releases what a task acquired as soon as the task is over, for a test with many of them. */
  static async during<Result>(task: (scope: Scope) => Promise<Result>): Promise<Result> {
    const releases: (() => Promise<void>)[] = [];
    const scope = new Scope({ after: (release) => releases.push(release) });
    try {
      return await task(scope);
    } finally {
      for (const release of releases) await release();
    }
  }

  defer(release: () => Promise<unknown> | unknown): void {
    this.#releases.push(release);
  }

  /** A separate empty folder for this test. */
  async folder(label = "scratch"): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), `berth-${label}-`));
    this.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    return folder;
  }

  async #close(): Promise<void> {
    const errors: unknown[] = [];
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, "not everything that the test took could be given back");
  }
}
