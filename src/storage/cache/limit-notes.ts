import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** A limit of an upstream, as the process has noted it that met it. */
export interface LimitNote {
  readonly id: string;
  readonly upstream: string;
  readonly host: string;
  readonly kind: string;
  /** By the clock of the process that wrote it, in milliseconds since 1970. */
  readonly writtenMs: number;
  readonly forMs: number;
}

/** Upstreams have few hosts, and each some kinds of requests. */
const mostNotes = 200;
const longestNotes = 256 * 1024;

/** The limits of upstreams, for all processes: one small object. */
export class LimitNotes {
  readonly #driver: StorageDriver;
  #known: { readonly version: string; readonly notes: readonly LimitNote[] } | undefined;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async read(): Promise<readonly LimitNote[]> {
    const stat = await this.#driver.stat(layout.limits);
    if (stat === undefined) return [];
    if (stat.version !== undefined && stat.version === this.#known?.version) return this.#known.notes;
    const notes = parse(await this.#driver.read(layout.limits, longestNotes));
    this.#known = stat.version === undefined ? undefined : { version: stat.version, notes };
    return notes;
  }

  /** Adds a note; one of the same upstream, host and kind is replaced, and the oldest make room. */
  async add(note: LimitNote): Promise<void> {
    await this.#driver.withLock("limits of upstreams", async () => {
      const isOther = (each: LimitNote) =>
        each.upstream !== note.upstream || each.host !== note.host || each.kind !== note.kind;
      const notes = parse(await this.#driver.read(layout.limits, longestNotes)).filter(isOther);
      const content = Buffer.from(JSON.stringify([...notes, note].slice(-mostNotes)));
      await this.#driver.write({ key: layout.limits, content });
    });
  }
}

/** What another program has written counts as nothing. */
function parse(bytes: Buffer | undefined): readonly LimitNote[] {
  let said: unknown;
  try {
    said = JSON.parse(bytes?.toString() ?? "[]");
  } catch {
    return [];
  }
  return Array.isArray(said) ? said.filter(isNote) : [];
}

function isNote(said: unknown): said is LimitNote {
  if (typeof said !== "object" || said === null) return false;
  const isText = (key: string) => typeof Reflect.get(said, key) === "string";
  const isNumber = (key: string) => Number.isFinite(Reflect.get(said, key));
  return ["id", "upstream", "host", "kind"].every(isText) && ["writtenMs", "forMs"].every(isNumber);
}
