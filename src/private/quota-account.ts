import { SingleFlight } from "../foundation/single-flight.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { NamePatterns } from "../registry/name-patterns.js";
import { addContentOf } from "../storage/content/unique-content.js";
import { type AdmittedContent, type QuotaState, totalOf } from "../storage/quota-ledger.js";
import type { Storage } from "../storage/storage.js";

/** Content that a client wants to add to a repository. */
export interface NewContent {
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** How long the end of an admission may go unrecorded. */
const settledAfterMs = 1_000;
/** A push whose bytes have no link by then has been killed. */
const admittedForMs = 2 * 60_000;
/** A count that takes longer was killed. */
const countedForMs = 60 * 60_000;
/** What was removed shows after this time. */
const countedAgainAfterMs = 10_000;
/** What comes back from the trash, or from another program, is noticed by then. */
const countedForLongestMs = 60 * 60_000;

export type Admission = { readonly isAdmitted: true } | { readonly isAdmitted: false; readonly used: number };

/** What the repositories of one quota use together, each digest once. */
export class QuotaAccount {
  readonly id: string;
  readonly #storage: Storage;
  readonly #patterns: NamePatterns;
  readonly #counts = new SingleFlight<"count", void>();
  /** A count tells nothing new before. */
  #nextCountMs = 0;
  /** What this process has admitted, and ended. */
  readonly #settled = new Set<string>();
  #settling: NodeJS.Timeout | undefined;

  constructor(storage: Storage, id: string, patterns: NamePatterns) {
    this.#storage = storage;
    this.id = id;
    this.#patterns = patterns;
  }

  /** Cached content counts for `proxy.maxSize`. */
  async holds(name: RepositoryName): Promise<boolean> {
    return this.#patterns.find(name) !== undefined && (await this.#storage.owners.ownerOf(name)) === undefined;
  }

  /** Something was removed, so a count may find more room. */
  noteRemoval(): void {
    this.#nextCountMs = 0;
  }

  /** Admits content if the limit allows it. Nothing is refused before everything was counted again. */
  async admit(content: NewContent, limit: number): Promise<Admission> {
    const first = await this.#tryToAdmit(content, limit);
    if (first === "admitted") return { isAdmitted: true };
    if (first === "never counted" || Date.now() >= this.#nextCountMs) await this.count();
    const second = await this.#tryToAdmit(content, limit);
    if (second === "admitted") return { isAdmitted: true };
    return { isAdmitted: false, used: totalOf((await this.read()) ?? nothingCounted) };
  }

  /** Admitted content is linked by now, or will not be. Recorded with the next change, at the latest soon. */
  settle(content: NewContent): void {
    this.#settled.add(textOf(content));
    this.#settling ??= setTimeout(() => void this.#settleNow(), settledAfterMs).unref();
  }

  /** If it fails, the next change or count does the same. */
  async #settleNow(): Promise<void> {
    await this.#storage.quotaLedger
      .change(this.id, async (state) => ({ next: state && (await this.#withSettled(state)), result: undefined }))
      .catch(() => {});
  }

  read(): Promise<QuotaState | undefined> {
    return this.#storage.quotaLedger.read(this.id);
  }

  /** Counts everything that the repositories hold. */
  count(): Promise<void> {
    return this.#counts.run("count", () => this.#count());
  }

  async #count(): Promise<void> {
    const startedMs = Date.now();
    const { quotaLedger } = this.#storage;
    // From here on, what is admitted stays on the list, so that nothing is missed that is linked meanwhile.
    await quotaLedger.change(this.id, async (state = nothingCounted) => ({
      next: { ...state, countingSinceMs: startedMs },
      result: undefined,
    }));
    const sizes = await this.#sizesOfContent();
    const counted = sumOf(sizes);
    await quotaLedger.change(this.id, async (state = nothingCounted) => {
      const admitted = state.admitted.filter(({ digest }) => !sizes.has(digest));
      const next = { used: counted, countedMs: Date.now(), countingSinceMs: undefined, admitted };
      return { next: await this.#settleLinked(next), result: undefined };
    });
    this.#nextCountMs = Date.now() + Math.max(countedAgainAfterMs, 10 * (Date.now() - startedMs));
  }

  /** What the repositories hold, where that cannot be recorded. */
  async countUnrecorded(): Promise<number> {
    return sumOf(await this.#sizesOfContent());
  }

  async #sizesOfContent(): Promise<ReadonlyMap<Digest, number>> {
    const sizes = new Map<Digest, number>();
    for await (const { name } of this.#storage.index.repositories())
      if (await this.holds(name)) await addContentOf(this.#storage, name, sizes);
    return sizes;
  }

  #tryToAdmit(content: NewContent, limit: number): Promise<"admitted" | "too much" | "never counted"> {
    return this.#storage.quotaLedger.change(this.id, async (state) => {
      if (state === undefined || state.countedMs === 0) return { next: undefined, result: "never counted" as const };
      if (state.countedMs + countedForLongestMs < Date.now()) this.count().catch(() => {});
      const known = await this.#withSettled(state);
      if (totalOf(known) + content.size > limit) return { next: known, result: "too much" as const };
      const admitted: AdmittedContent = { ...content, sinceMs: Date.now() };
      return { next: { ...known, admitted: [...known.admitted, admitted] }, result: "admitted" as const };
    });
  }

  /** Adds up what has ended, unless a count is running, which could miss it then. */
  async #withSettled(state: QuotaState): Promise<QuotaState> {
    if ((state.countingSinceMs ?? 0) + countedForMs > Date.now()) return state;
    clearTimeout(this.#settling);
    this.#settling = undefined;
    const ended = new Set(this.#settled);
    const next = await this.#settleWhere(
      state,
      (each) => !ended.has(textOf(each)) && each.sinceMs + admittedForMs > Date.now(),
    );
    for (const text of ended) this.#settled.delete(text);
    return next;
  }

  /** Adds up what is linked, whichever process has admitted it. */
  async #settleLinked(state: QuotaState): Promise<QuotaState> {
    const linked = new Set<AdmittedContent>();
    for (const each of state.admitted) if (await isHeld(this.#storage, each)) linked.add(each);
    return this.#settleWhere(state, (each) => !linked.has(each) && each.sinceMs + admittedForMs > Date.now());
  }

  /** Adds up what is linked; what is not is dropped, unless its push may go on. */
  async #settleWhere(state: QuotaState, mayGoOn: (each: AdmittedContent) => boolean): Promise<QuotaState> {
    let { used } = state;
    const admitted: AdmittedContent[] = [];
    for (const each of state.admitted) {
      if (mayGoOn(each)) admitted.push(each);
      else if (await isHeld(this.#storage, each)) used += each.size;
    }
    return { ...state, used, admitted };
  }
}

function sumOf(sizes: ReadonlyMap<Digest, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function textOf({ name, digest }: Pick<NewContent, "name" | "digest">): string {
  return `${name}@${digest}`;
}

const nothingCounted: QuotaState = { used: 0, countedMs: 0, countingSinceMs: undefined, admitted: [] };

/** Whether a repository holds the content, as a blob or a manifest. */
export async function isHeld(
  { blobs, contentLinks }: Storage,
  { name, digest }: Pick<NewContent, "name" | "digest">,
): Promise<boolean> {
  if ((await blobs.storedSize(digest)) === undefined) return false;
  for (const kind of ["blob", "manifest"] as const)
    if ((await contentLinks.stored({ name, kind, digest })) !== undefined) return true;
  return false;
}
