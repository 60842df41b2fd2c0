import { type Digest, isDigest } from "../../oci/digest.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** Digests of content, by the repositories that hold it. */
export type ScheduledContent = ReadonlyMap<RepositoryName, ReadonlySet<Digest>>;

/** A cache of a million blobs has a state of about 250 MB. */
const readableBytes = 512 * 1024 * 1024;

/**
 * What the distribution registry, run as a cache, has scheduled to expire, and so downloaded from its upstream: the
 * keys of `scheduler-state.json`, `<name>@<digest>`. Content that expired but could not be deleted is no longer listed.
 */
export class SchedulerState {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Whether a distribution registry has run here as a cache. */
  async exists(): Promise<boolean> {
    return (await this.#driver.stat(layout.schedulerState)) !== undefined;
  }

  /** `undefined` if there is none, or it cannot be read. */
  async read(): Promise<ScheduledContent | undefined> {
    const bytes = await this.#driver.read(layout.schedulerState, readableBytes);
    return bytes && contentOf(parse(bytes.toString()));
  }
}

function contentOf(state: object | undefined): ScheduledContent | undefined {
  if (state === undefined) return undefined;
  const content = new Map<RepositoryName, Set<Digest>>();
  for (const key of Object.keys(state)) {
    const [name = "", digest = ""] = key.split("@");
    if (!isRepositoryName(name) || !isDigest(digest)) continue;
    content.set(name, (content.get(name) ?? new Set<Digest>()).add(digest));
  }
  return content;
}

/** If the program was killed while it wrote, the rest is missing. */
function parse(text: string): object | undefined {
  try {
    const state: unknown = JSON.parse(text);
    return typeof state === "object" && state !== null ? state : undefined;
  } catch {
    return undefined;
  }
}
