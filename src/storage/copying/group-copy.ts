import { inParallel } from "../../foundation/in-parallel.js";
import { type Digest, isDigest } from "../../oci/digest.js";
import type { Storage } from "../storage.js";
import { sizesBelow } from "./all-objects.js";
import type { BlobCopy } from "./blob-copy.js";
import { type CopiedKeys, CopiedRecord } from "./copied-record.js";
import type { CopyReport } from "./copy-report.js";

const writtenAtOnce = 8;

export interface GroupCopyParts {
  readonly source: Storage;
  readonly target: Storage;
  readonly blobs: BlobCopy;
  readonly report: CopyReport;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

/** Keys that are copied together, before those of the next step. */
export interface Step {
  /** The folder that contains them. */
  readonly folder: string;
  readonly isIncluded?: (key: string) => boolean;
  /**
   * How the content may change although its size stays: the tags of the target become those of the source, and records,
   * such as when an image was pulled, are copied if the source has changed them. Without it, the key says what it contains.
   */
  readonly changes?: "tags" | "records";
}

interface Found {
  readonly step: Step;
  readonly sizes: ReadonlyMap<string, number>;
  /** Contents of what changes. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Copies the small objects of a group, with the blobs that they link to. The source is read in the opposite order of a
 * push, so that whatever is found, what it needs is found after it; the target is written in the order of a push.
 */
export class GroupCopy {
  readonly #parts: GroupCopyParts;
  readonly #record: CopiedRecord;

  constructor(parts: GroupCopyParts) {
    this.#parts = parts;
    this.#record = new CopiedRecord(parts.target.driver);
  }

  /** @param steps in the order in which they are written */
  async copy(group: string, steps: readonly Step[]): Promise<void> {
    const found: Found[] = [];
    for (const step of [...steps].reverse()) found.unshift(await this.#look(step));
    const before = await this.#record.read(group);
    const now = new Map(
      found.flatMap(({ sizes, texts }) => [...sizes.keys()].map((key) => [key, texts.get(key) ?? null])),
    );
    const gone = [...before].filter(([key]) => !now.has(key)).sort(([one], [other]) => rankOf(one) - rankOf(other));
    const isNew = [...now.keys()].some((key) => !before.has(key)) || gone.length > 0;
    // First: if this is killed, the next copy still knows what is the source's.
    if (isNew && !this.#parts.isDryRun) await this.#record.write(group, new Map([...before, ...now]));
    const skipped = new Set<Digest>();
    for (const each of found) await this.#write(each, before, skipped);
    for (const [key, text] of gone) await this.#remove(key, text);
    if (isDifferent(before, now) && !this.#parts.isDryRun) await this.#record.write(group, now);
  }

  async #look(step: Step): Promise<Found> {
    this.#parts.signal.throwIfAborted();
    const { driver } = this.#parts.source;
    const sizes = await sizesBelow(driver, step.folder);
    for (const key of sizes.keys()) if (step.isIncluded?.(key) === false) sizes.delete(key);
    const texts = new Map<string, string>();
    if (step.changes !== undefined)
      await inParallel([...sizes.keys()], writtenAtOnce, async (key) => {
        const text = (await driver.read(key))?.toString();
        if (text === undefined) sizes.delete(key);
        else texts.set(key, text);
      });
    return { step, sizes, texts };
  }

  async #write({ step, sizes, texts }: Found, before: CopiedKeys, skipped: Set<Digest>): Promise<void> {
    const there = await sizesBelow(this.#parts.target.driver, step.folder);
    await inParallel([...sizes], writtenAtOnce, async ([key, size]) => {
      this.#parts.signal.throwIfAborted();
      const linked = await this.#linkedBy(key, texts.get(key));
      if (linked !== undefined && (skipped.has(linked) || !(await this.#parts.blobs.ensure(linked))))
        return void skipped.add(linked);
      const isAsBefore = step.changes !== "tags" && before.get(key) === (texts.get(key) ?? null);
      if (there.get(key) === size && (step.changes === undefined || isAsBefore)) return;
      await this.#put(key, texts.get(key));
    });
  }

  async #put(key: string, text: string | undefined): Promise<void> {
    const { source, target, report, isDryRun } = this.#parts;
    const content = text === undefined ? await source.driver.read(key) : Buffer.from(text);
    // It was removed meanwhile.
    if (content === undefined) return;
    if (text !== undefined && (await target.driver.read(key))?.equals(content)) return;
    if (!isDryRun) await target.driver.write({ key, content });
    report.written++;
  }

  async #remove(key: string, text: string | null): Promise<void> {
    const { target, report, isDryRun } = this.#parts;
    const found = await target.driver.read(key);
    // Somebody else has moved the tag since.
    if (found === undefined || (text !== null && found.toString() !== text)) return;
    if (!isDryRun) await target.driver.remove(folderOf(key));
    report.removed++;
  }

  /** The digest under which the bytes of a link are. */
  async #linkedBy(key: string, text: string | undefined): Promise<Digest | undefined> {
    if (!key.endsWith("/link")) return undefined;
    const [, algorithm, hex] = /\/(sha256|sha512)\/([0-9a-f]+)\/link$/.exec(key) ?? [];
    // Below sha512, registry:2 writes the sha256 under which the bytes are.
    const named =
      algorithm === "sha256" ? `sha256:${hex}` : (text ?? (await this.#parts.source.driver.read(key))?.toString());
    const digest = named?.trim() ?? "";
    return isDigest(digest) ? digest : undefined;
  }
}

/** In which order keys are removed: the other way round than they are written. */
function rankOf(key: string): number {
  const order = [/\/current\/link$/, /\/tags\//, /\/_(?!manifests|layers)\w+\//, /\/revisions\//];
  const rank = order.findIndex((pattern) => pattern.test(key));
  return rank < 0 ? order.length : rank;
}

/** What is removed with an object: the folder that is there for it alone. A tag is a folder with its history. */
function folderOf(key: string): string {
  return key.replace(/(\/current)?\/link$/, "");
}

function isDifferent(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  return one.size !== other.size || [...one].some(([key, value]) => other.get(key) !== value);
}
