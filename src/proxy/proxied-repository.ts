import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, OpenedBlob, PullRepository, ResolvedBlob, ResolvedManifest } from "../registry/repository.js";
import type { WantedSpan } from "../registry/span-reader.js";
import type { RepositoryRules } from "./content-rules.js";
import type { UpstreamCache } from "./upstream-cache.js";

interface ProxiedRepositoryOptions {
  readonly rules: RepositoryRules;
  /** The client's name for the upstream, from `?ns=`. */
  readonly namespace: string | undefined;
}

/** A repository of an upstream: its content is downloaded once and stored. */
export class ProxiedRepository implements PullRepository {
  readonly name: RepositoryName;
  readonly namespace: string | undefined;
  readonly #cache: UpstreamCache;
  readonly #rules: RepositoryRules;

  constructor(name: RepositoryName, cache: UpstreamCache, { rules, namespace }: ProxiedRepositoryOptions) {
    this.name = name;
    this.namespace = namespace;
    this.#cache = cache;
    this.#rules = rules;
  }

  async resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest> {
    const { manifests, kept } = this.#cache;
    if (this.#rules.dependOnTag) await this.#refuseUnlessAllowed(reference);
    const found = await (isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.resolveTag(this.name, reference, context));
    // Of what is not stored, nothing is recorded.
    if ("bytes" in found) kept.noteCheck(this.name, found.descriptor.digest);
    return found;
  }

  async getManifest(reference: Reference, context: Context): Promise<Manifest> {
    const { manifests, kept } = this.#cache;
    if (this.#rules.dependOnTag) await this.#refuseUnlessAllowed(reference);
    const manifest = await (isDigestReference(reference)
      ? manifests.getByDigest(this.name, reference, context)
      : manifests.getByTag(this.name, reference, context));
    await kept.notePull(this.name, manifest);
    return manifest;
  }

  async statBlob(digest: Digest, context: Context): Promise<ResolvedBlob> {
    if (this.#rules.dependOnTag) await this.#refuseUnlessAllowed(digest);
    return this.#cache.blobs.stat(this.name, digest, context);
  }

  async openBlob(digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob> {
    if (this.#rules.dependOnTag) await this.#refuseUnlessAllowed(digest);
    return this.#cache.blobs.open(this.name, digest, wanted, context);
  }

  listTags(page: Page, context: Context): Promise<PageOf<string>> {
    return this.#cache.lists.tags(this.name, page, this.#rules, context);
  }

  async listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage> {
    if (this.#rules.dependOnTag) await this.#refuseUnlessAllowed(subject);
    const page = await this.#cache.lists.listReferrers(this.name, subject, query, context);
    // Referrers of allowed content are allowed too.
    if (this.#rules.dependOnTag)
      this.#cache.allowed.note(
        this.name,
        page.items.map(({ digest }) => digest),
      );
    return page;
  }

  /** For a repository of which only some tags may be pulled. */
  async #refuseUnlessAllowed(wanted: Reference): Promise<void> {
    const { name } = this.#cache.upstream;
    const detail = { name: this.name, reference: wanted, upstream: name };
    if (!isDigestReference(wanted)) {
      if (this.#rules.allows(wanted)) return;
      const message = `the tag ${wanted} of ${this.name} may not be pulled here, because of allow and deny of the upstream ${name}`;
      throw new RegistryError("DENIED", message, { detail });
    }
    if (await this.#cache.allowed.has(this.name, wanted, this.#rules)) return;
    const message =
      `allow and deny of the upstream ${name} forbid tags of ${this.name}, and no allowed tag is known to lead ` +
      `to ${wanted}: pull it by an allowed tag first`;
    throw new RegistryError("DENIED", message, { detail });
  }
}
