import { SingleFlight } from "../../foundation/single-flight.js";
import type { Digest } from "../../oci/digest.js";
import { isOutOfRoom, StorageError } from "../../oci/storage-error.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import { orThrow } from "../many-reads.js";
import type { ContentLink } from "./content-link.js";
import { type FoundLink, type LinkStore, linkTo } from "./link-store.js";
import type { Trash } from "./trash.js";

const day = 24 * 60 * 60_000;

/** A claim is renewed when this part of its time is over, so that not every answer writes. */
const renewedAfter = 1 / 8;

/** How long a link must be safe after it was written: until it is worn, a claim does not write it again. */
export function safeTimeOf(claimMs: number): number {
  return claimMs * (1 + renewedAfter);
}

/** A clock that is behind by less than this counts as right. */
const toleratedSkewMs = 60_000;

/** A link, and when it was last claimed. */
export interface ClaimedLink {
  readonly digest: Digest;
  /** Milliseconds since 1970. */
  readonly claimedMs: number;
}

interface ContentLinksParts {
  readonly links: LinkStore;
  readonly trash: Trash;
}

/** What belongs to a link that comes back from the trash. */
export interface Restoration {
  /** Claims everything that a manifest references. @returns whether all of it is there */
  claimReferences(link: ContentLink, content: Digest): Promise<boolean>;
  /** Writes the records of a manifest again. */
  record(link: ContentLink): Promise<void>;
}

/**
 * The links that make content part of repositories. The time when a link was last written is also its claim: whoever
 * tells a client that it need not upload a blob writes the link again, if it is not recent. So a commit and its claim
 * are one step, another program's push claims what it links, and no collection removes a link whose claim lasts
 * (`link-removal.ts`). The link of a manifest also says when it was pushed, so later claims are written beside it.
 */
export class ContentLinks {
  /** How long a claim lasts, in milliseconds: `maintenance.gc.claim`. */
  claimMs = day;
  readonly #driver: StorageDriver;
  readonly #links: LinkStore;
  readonly #trash: Trash;
  readonly #renewals = new SingleFlight<string, FoundLink | undefined>();
  readonly #restoration: Restoration;

  constructor(driver: StorageDriver, { links, trash }: ContentLinksParts, restoration: Restoration) {
    this.#driver = driver;
    this.#links = links;
    this.#trash = trash;
    this.#restoration = restoration;
  }

  get safeMs(): number {
    return safeTimeOf(this.claimMs);
  }

  /** The digest under which the bytes are stored, if the repository has the link. It comes back from the trash if needed. */
  async find(link: ContentLink): Promise<Digest | undefined> {
    return ((await this.#links.find(layout.link(link))) ?? (await this.takeBack(link)))?.digest;
  }

  /** The same for an answer to a pull, which need not show what another process changed a moment ago. */
  async findRecent(link: ContentLink): Promise<Digest | undefined> {
    return ((await this.#links.findRecent(layout.link(link))) ?? (await this.takeBack(link)))?.digest;
  }

  /** The same, for an answer that tells a client that it need not upload the content. */
  async claim(link: ContentLink): Promise<Digest | undefined> {
    const found = (await this.#links.find(layout.link(link))) ?? (await this.takeBack(link));
    if (found === undefined || !this.isWorn(await this.claimedMs(link, found.modifiedMs))) return found?.digest;
    try {
      const renewed = await this.#renewals.run(layout.link(link), () => this.#renew(link, found.digest));
      return renewed?.digest;
    } catch (error) {
      // A pull asks the same question, and must get its answer from a disk that is full or cannot be changed. If the
      // content is removed after all, the manifest is refused, and the client pushes again.
      if (!isOutOfRoom(error)) throw error;
      return found.digest;
    }
  }

  /** A removal that had begun may have taken the link: then it comes back like any other from the trash, or not. */
  async #renew(link: ContentLink, content: Digest): Promise<FoundLink | undefined> {
    if (link.kind === "blob") await this.#links.put(layout.link(link), content);
    else await this.#driver.write(linkTo(layout.claimed(link), content));
    if (await this.isSettled(link)) return { digest: content, modifiedMs: Date.now() };
    return this.takeBack(link);
  }

  /** The link as it is stored, and when it was last claimed; it is not claimed by this. */
  async stored(link: ContentLink): Promise<ClaimedLink | "unreadable" | undefined> {
    const found = await this.#links.find(layout.link(link));
    if (found !== undefined) return { digest: found.digest, claimedMs: await this.claimedMs(link, found.modifiedMs) };
    return (await this.#driver.stat(layout.link(link))) === undefined ? undefined : "unreadable";
  }

  /** The digests of several links as {@link stored} finds them, with one order to the driver. */
  async storedMany(links: readonly ContentLink[]): Promise<readonly (Digest | "unreadable" | undefined)[]> {
    const found = await this.#links.findMany(links.map(layout.link));
    const digests: (Digest | "unreadable" | undefined)[] = [];
    for (const [index, link] of links.entries()) {
      const stored = found[index] ?? (await this.stored(link));
      digests.push(typeof stored === "object" ? stored.digest : stored);
    }
    return digests;
  }

  /** The digests of those links that exist, even if they are damaged. */
  async thoseThere(links: readonly ContentLink[]): Promise<Digest[]> {
    const are = await this.#driver.many.has(links.map(layout.link));
    return links.filter((_, index) => orThrow(are[index] ?? false)).map(({ digest }) => digest);
  }

  /** Whether a link is old enough to be written again. */
  isWorn(modifiedMs: number): boolean {
    const age = Date.now() - modifiedMs;
    return age > this.claimMs * renewedAfter || age < -toleratedSkewMs;
  }

  async put(link: ContentLink, content: Digest): Promise<void> {
    do {
      await this.#links.put(layout.link(link), content);
    } while (!(await this.isSettled(link)));
  }

  /** The link, to be written beside its bytes; call {@link settle} afterwards. */
  beside(link: ContentLink): ReturnType<typeof linkTo> {
    return linkTo(layout.link(link), link.digest);
  }

  /** Makes sure that no removal that has started takes a link that was just written. */
  async settle(link: ContentLink): Promise<void> {
    if (!(await this.isSettled(link))) await this.put(link, link.digest);
  }

  /** Whether no removal that has started has taken, or will take, a link that was just written. */
  async isSettled(link: ContentLink): Promise<boolean> {
    const { withdrawal } = this.#driver;
    const [key, note] = [layout.link(link), layout.unlinking(link)];
    try {
      return await withdrawal.keep(key, note);
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== "busy") throw error;
      // A removal takes no time, so this one was killed. If not, it then erases nothing.
      await withdrawal.release(key, note);
      return withdrawal.keep(key, note);
    }
  }

  /**
   * Restores a link from the trash, if it is there. A client that finds a manifest does not push what it references:
   * without all of that, it stays in the trash.
   */
  async takeBack(link: ContentLink): Promise<FoundLink | undefined> {
    const trashed = await this.#trash.find(link);
    if (trashed === undefined || !(await this.#restoration.claimReferences(link, trashed.content))) return undefined;
    return this.restore(link, trashed.content);
  }

  /** Writes a link of the trash again. Its bytes are missing if their removal has gone too far. */
  async restore(link: ContentLink, content: Digest): Promise<FoundLink> {
    await this.put(link, content);
    await this.#driver.withdrawal.keep(layout.blob(content), layout.evicting(content));
    await this.#restoration.record(link);
    await this.#trash.forget([link]);
    return { digest: content, modifiedMs: Date.now() };
  }

  /** When a link was last claimed. @param modifiedMs when it was last written */
  async claimedMs(link: ContentLink, modifiedMs: number): Promise<number> {
    if (link.kind === "blob") return modifiedMs;
    return Math.max(modifiedMs, (await this.#driver.stat(layout.claimed(link)))?.modifiedMs ?? 0);
  }

  /** Call it when links are removed for good. */
  async forgetClaims(links: readonly ContentLink[]): Promise<void> {
    const manifests = links.filter(({ kind }) => kind === "manifest");
    if (manifests.length > 0) await this.#driver.remove(...manifests.map(layout.claimed));
  }
}
