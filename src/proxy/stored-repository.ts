import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { type Page, type PageOf, pageOf, type ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob } from "../registry/repository.js";
import { SpanReader, type WantedSpan } from "../registry/span-reader.js";
import { listReferrers } from "../storage/content/referrer-list.js";
import type { Storage } from "../storage/storage.js";
import type { AllowedContent } from "./allowed-content.js";
import type { RepositoryRules } from "./content-rules.js";
import type { KeptManifests } from "./kept-manifests.js";
import type { Upstream } from "./upstream.js";

const storedTags = "only the tags that are in the cache: this client may not fetch more";
const storedReferrers = "only the referrers that are in the cache: this client may not fetch more";

interface StoredRepositoryParts {
  readonly storage: Storage;
  readonly upstream: Upstream;
  readonly kept: KeptManifests;
  readonly rules: RepositoryRules;
  readonly allowed: AllowedContent;
  /** The client's name for the upstream, from `?ns=`. */
  readonly namespace: string | undefined;
  /** @throws RegistryError that tells the client that it may not download this into the cache */
  refuseFetch(): void;
}

/** The stored part of an upstream's repository: for clients that may not download more into the cache, or only look. */
export class StoredRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly namespace: string | undefined;
  readonly #parts: StoredRepositoryParts;

  constructor(name: RepositoryName, parts: StoredRepositoryParts) {
    this.name = name;
    this.namespace = parts.namespace;
    this.#parts = parts;
  }

  async resolveManifest(reference: Reference, { onlyLooks }: Context): Promise<Manifest> {
    const manifest = await this.#find(reference);
    if (!onlyLooks) this.#parts.kept.noteCheck(this.name, manifest.descriptor.digest);
    return manifest;
  }

  async getManifest(reference: Reference, { onlyLooks }: Context): Promise<Manifest> {
    const manifest = await this.#find(reference);
    if (!onlyLooks) await this.#parts.kept.notePull(this.name, manifest);
    return manifest;
  }

  async #find(reference: Reference): Promise<Manifest> {
    const { kept, rules, storage } = this.#parts;
    const isDigest = isDigestReference(reference);
    const isAllowed = isDigest ? await this.#mayGive(reference) : rules.allows(reference);
    const find = () => (isDigest ? kept.find(this.name, reference) : kept.findTagged(this.name, reference));
    const stored = this.#required(isAllowed ? await find() : undefined);
    const age = isDigest ? undefined : await storage.tagChecks.age(this.name, reference, 0);
    const savesPull = this.#parts.upstream.client.countsPulls;
    return { ...stored, served: { from: "hit", savesPull, ...(age !== undefined && { age: age / 1000 }) } };
  }

  async statBlob(digest: Digest): Promise<ResolvedBlob> {
    const isAllowed = await this.#mayGive(digest);
    const found = this.#required(
      isAllowed ? await this.#parts.storage.repository(this.name).findBlob(digest) : undefined,
    );
    return { digest, size: found.size, served: { from: "hit" } };
  }

  async openBlob(digest: Digest, wanted: WantedSpan): Promise<OpenedBlob> {
    const { storage } = this.#parts;
    const isAllowed = await this.#mayGive(digest);
    const reader = this.#required(isAllowed ? await storage.repository(this.name).openBlob(digest) : undefined);
    return { digest, size: reader.size, content: await SpanReader.open(reader, wanted), served: { from: "hit" } };
  }

  async listTags(page: Page): Promise<PageOf<string>> {
    const { storage, rules } = this.#parts;
    const tags = await storage.tags.list(this.name);
    return { ...pageOf(rules.allowed(this.#required(tags.length > 0 ? tags : undefined)), page), warning: storedTags };
  }

  async listReferrers(subject: Digest, query: ReferrersQuery, _context: Context): Promise<PageOf<Descriptor>> {
    return { ...(await listReferrers(this.#parts.storage, this.name, subject, query)), warning: storedReferrers };
  }

  /** Rules on tags also apply to what the tags lead to. */
  async #mayGive(digest: Digest): Promise<boolean> {
    const { rules, allowed } = this.#parts;
    return !rules.dependOnTag || allowed.has(this.name, digest, rules);
  }

  #required<Found>(found: Found | undefined): Found {
    if (found !== undefined) return found;
    this.#parts.refuseFetch();
    throw new Error("a client that may download was given a repository that does not");
  }
}
