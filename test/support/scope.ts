import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** What a test took and gives back when it is over, passed or failed: the last taken goes first. */
export class Scope {
  readonly #releases: (() => Promise<unknown> | unknown)[] = [];

  constructor(t: TestContext) {
    t.after(() => this.#close());
  }

  defer(release: () => Promise<unknown> | unknown): void {
    this.#releases.push(release);
  }

  /** An empty folder of this test's own. */
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
