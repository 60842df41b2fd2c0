import { algorithmOf, type Digest, digestInTurns, digestOf } from "../../oci/digest.js";
import { readAnyManifest } from "../../oci/large-manifests.js";
import type { ManifestReading, NamedContent } from "../../oci/manifest-reading.js";
import { isTag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { ContentLink } from "../../storage/content/content-link.js";
import { placeOf } from "../../storage/content/places.js";
import type { RepositoryHoldings } from "../../storage/content/repository-holdings.js";
import { isUnreadable } from "../unreadable-content.js";
import type { ContentStates } from "./content-states.js";
import { ContentSuspects } from "./content-suspects.js";
import type { Mending } from "./mend-bytes.js";
import { RecordSuspects } from "./record-suspects.js";
import { RepositorySuspects } from "./repository-suspects.js";
import type { Suspect, Suspects } from "./suspect.js";
import { unreadablePlace } from "./unreadable-place.js";

/** What a check of all repositories shares. */
export interface CheckParts extends Mending {
  readonly states: ContentStates;
  readonly suspects: Suspects;
  /** Whether manifests of private repositories may reference what is not here. */
  readonly isSparse: boolean;
  /** Called between two steps. @throws if the check is to end */
  rest(): Promise<void>;
}

/** How much was looked at in a repository. */
export interface CheckedRepository {
  readonly manifests: number;
  readonly tags: number;
}

/** What a link refers to. */
type StoredLink = Digest | "unreadable";

/** Links, and manifests of at most 64 KiB, that are read with one order. */
const [linksAtOnce, manifestsAtOnce] = [500, 100];
const smallBytes = 64 * 1024;

/** Follows every link, tag, manifest, child and referrer of a repository. */
export async function checkRepository(parts: CheckParts, holdings: RepositoryHoldings): Promise<CheckedRepository> {
  const upstream = await parts.storage.owners.readOwner(holdings.name);
  return new RepositoryCheck(parts, holdings.name, upstream).perform(holdings);
}

class RepositoryCheck {
  readonly #parts: CheckParts;
  readonly #name: RepositoryName;
  readonly #upstream: string | undefined;
  readonly #content: ContentSuspects;
  readonly #records: RecordSuspects;
  readonly #found: RepositorySuspects;
  #manifests: ReadonlySet<Digest> = new Set();
  #blobs: ReadonlySet<Digest> = new Set();
  readonly #needed = new Set<Digest>();
  #tags = 0;

  constructor(parts: CheckParts, name: RepositoryName, upstream: string | undefined) {
    this.#parts = parts;
    this.#name = name;
    this.#upstream = upstream;
    const at = { parts, name, isPrivate: upstream === undefined };
    this.#content = new ContentSuspects(at);
    this.#records = new RecordSuspects(at);
    this.#found = new RepositorySuspects(parts, name, upstream);
  }

  async perform({ manifests, blobs }: RepositoryHoldings): Promise<CheckedRepository> {
    this.#manifests = new Set(manifests);
    const layers = await this.#storedLinks("blob", blobs);
    this.#blobs = new Set(layers.keys());
    await this.#checkManifests();
    await this.#checkBlobs(layers);
    await this.#attempt(placeOf.tags(this.#name), () => this.#checkTags());
    if (this.#upstream === undefined) await this.#attempt(placeOf.referrers(this.#name), () => this.#checkReferrers());
    await this.#attempt(placeOf.tags(this.#name), () => this.#found.nameImages());
    return { manifests: this.#manifests.size, tags: this.#tags };
  }

  /** What cannot be read does not end the check of the rest. */
  async #attempt(place: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const again = async () => {
        await step();
        await this.#found.nameImages();
      };
      this.#parts.suspects.add(unreadablePlace(place, error, again));
    }
  }

  async #checkManifests(): Promise<void> {
    for (const some of slicesOf([...this.#manifests], manifestsAtOnce)) {
      const links = await this.#storedLinks("manifest", some);
      const contents = await this.#parts.storage.blobs.readSmall(some, smallBytes);
      for (const [index, digest] of some.entries())
        await this.#checkManifest(digest, links.get(digest), contents[index]);
    }
  }

  /** @param small what is stored under its digest, if that is small */
  async #checkManifest(digest: Digest, stored: StoredLink | undefined, small: Buffer | undefined): Promise<void> {
    await this.#parts.rest();
    const content = this.#checkLink({ name: this.#name, kind: "manifest", digest }, stored);
    if (content === undefined || (await this.#checkBytes(digest, content, true)) !== "whole") return;
    const isSmall = content === digest && small !== undefined && digestOf(small, algorithmOf(digest)) === digest;
    const reading = isSmall ? await this.#parse(digest, small) : await this.#read(digest);
    if (reading === undefined) return;
    for (const named of [...reading.blobs, ...reading.manifests]) await this.#checkReference(digest, named);
    // An unknown type may mean anything by the digests in it.
    for (const named of reading.names) this.#needed.add(named);
    const { subject } = reading;
    if (
      subject !== undefined &&
      this.#upstream === undefined &&
      (await this.#records.isReferrerMissing(subject, digest))
    )
      this.#found.add(this.#records.missingReferrer(subject, digest), digest);
  }

  async #read(digest: Digest): Promise<ManifestReading | undefined> {
    const { content, bytes } = await this.#parts.storage.manifests.uncached.storedBytes(this.#name, digest);
    if (bytes === "absent") return undefined;
    if (bytes !== "too large" && (await digestInTurns(bytes, algorithmOf(digest))) !== digest) {
      // Not every blob is hashed by a fast check.
      if ((await this.#parts.states.look(content, true)) === "damaged") await this.#checkBytes(digest, content, true);
      return undefined;
    }
    return this.#parse(digest, bytes);
  }

  async #parse(digest: Digest, bytes: Buffer | "too large"): Promise<ManifestReading | undefined> {
    const reading = bytes === "too large" ? undefined : await readAnyManifest(bytes);
    if (reading === undefined) this.#found.add(this.#content.unreadableManifest(digest), digest);
    return reading;
  }

  async #checkReference(by: Digest, { digest, size, isElsewhere }: NamedContent): Promise<void> {
    this.#needed.add(digest);
    const isHeld = this.#blobs.has(digest) || this.#manifests.has(digest);
    if (isHeld) await this.#parts.states.expect(digest, size);
    else if (isElsewhere !== true && this.#upstream === undefined && !this.#parts.isSparse)
      this.#found.add(this.#content.missingLink(digest, by), digest);
  }

  async #checkBlobs(links: ReadonlyMap<Digest, StoredLink>): Promise<void> {
    for (const [digest, stored] of links) {
      await this.#parts.rest();
      const content = this.#checkLink({ name: this.#name, kind: "blob", digest }, stored);
      if (content !== undefined) await this.#checkBytes(digest, content, false);
    }
  }

  /** The links that exist, and what they refer to, whose bytes are looked at together. */
  async #storedLinks(kind: ContentLink["kind"], digests: readonly Digest[]): Promise<ReadonlyMap<Digest, StoredLink>> {
    const found = new Map<Digest, StoredLink>();
    for (const some of slicesOf(digests, linksAtOnce)) {
      await this.#parts.rest();
      const links = some.map((digest): ContentLink => ({ name: this.#name, kind, digest }));
      const stored = await this.#parts.storage.contentLinks.storedMany(links);
      for (const [index, digest] of some.entries()) {
        const link = stored[index];
        if (link !== undefined) found.set(digest, link);
      }
    }
    await this.#parts.states.learn([...found.values()].filter((stored) => stored !== "unreadable"));
    return found;
  }

  /** @returns the digest under which the bytes are stored; `undefined` if the link is gone by now */
  #checkLink(link: ContentLink, stored: StoredLink | undefined): Digest | undefined {
    if (stored === undefined) return undefined;
    if (stored !== "unreadable") return stored;
    this.#found.add(this.#content.damagedLink(link), link.digest);
    // Its path still says what it is for.
    return link.digest;
  }

  async #checkBytes(digest: Digest, content: Digest, isManifest: boolean): Promise<"whole" | "absent" | "damaged"> {
    const state = await this.#parts.states.of(content);
    // Another check may set damaged bytes aside before this one looks again; in this order only one of both is told.
    if (state !== "whole") this.#found.add(this.#absent(digest, content, isManifest), digest, isManifest);
    if (state === "damaged") this.#found.add(this.#content.damagedBytes(content), digest, isManifest);
    return state;
  }

  #absent(digest: Digest, content: Digest, isManifest: boolean): Suspect {
    const link: ContentLink = { name: this.#name, kind: isManifest ? "manifest" : "blob", digest };
    const isNeeded = isManifest || this.#needed.has(digest);
    return isNeeded ? this.#content.missingBytes(link, content) : this.#content.linkWithoutBytes(link, content);
  }

  async #checkTags(): Promise<void> {
    const { storage, rest } = this.#parts;
    const withLink = new Set<string>();
    for await (const { tag, digest } of storage.tags.targets(this.#name)) {
      await rest();
      withLink.add(tag);
      if (digest === undefined) this.#found.add(this.#records.damagedTag(tag), undefined);
      else if (!this.#manifests.has(digest)) this.#found.add(this.#records.danglingTag(tag, digest), undefined);
    }
    for (const tag of (await storage.index.tagNames(this.#name)).filter(isTag))
      if (!withLink.has(tag)) this.#found.add(this.#records.emptyTag(tag), undefined);
    this.#tags = withLink.size;
  }

  async #checkReferrers(): Promise<void> {
    const { referrers } = this.#parts.storage;
    for (const subject of await referrers.subjects(this.#name))
      for (const digest of await referrers.list(this.#name, subject))
        if (!this.#manifests.has(digest)) this.#found.add(this.#records.danglingReferrer(subject, digest), undefined);
  }
}

function* slicesOf<Item>(items: readonly Item[], length: number): Iterable<readonly Item[]> {
  for (let start = 0; start < items.length; start += length) yield items.slice(start, start + length);
}
