import { LRUCache } from "lru-cache";
import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import { SingleFlight } from "../foundation/single-flight.js";
import { sortedInTurns } from "../foundation/sorted-in-turns.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { type Page, type PageOf, pageOf, type ReferrersPage, type ReferrersQuery } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import { listReferrers } from "../storage/content/referrer-list.js";
import type { Storage } from "../storage/storage.js";
import type { RepositoryRules } from "./content-rules.js";
import { GrowingTagList } from "./growing-tag-list.js";
import { pageOfReferrers, sizeOfReferrer } from "./referrer-page.js";
import type { Upstream } from "./upstream.js";
import { allowsStale, toFailure, toRegistryError } from "./upstream-failure.js";
import { remoteNameOf } from "./upstream-names.js";

/** For all lists of an upstream together. Lists can have any size, so limiting their number would limit nothing. */
const rememberedBytes = 8 * 1024 * 1024;

/** For all lists that clients are waiting for. */
const heldBytes = 64 * 1024 * 1024;

/** Lists change often and are requested often: each is remembered only for a moment. */
const rememberedForMs = 30_000;

/** A request to the upstream outlives the client that sent it first: others wait for the same response. */
const unhurried = new AbortController().signal;

interface SizedReferrers {
  readonly all: readonly Descriptor[];
  readonly bytes: number;
}

/** Tags and referrers, as the upstream lists them; if it is unreachable, as far as they are stored. */
export class ListCache {
  readonly #storage: Storage;
  readonly #upstream: Upstream;
  readonly #tags = rememberedLists<RepositoryName, GrowingTagList>();
  readonly #referrers = rememberedLists<string, SizedReferrers>();
  /** Lists that clients wait for, and the number of clients. */
  readonly #waitedFor = new Map<RepositoryName, { readonly list: GrowingTagList; clients: number }>();
  readonly #referrerRequests = new SingleFlight<string, SizedReferrers>();

  constructor(storage: Storage, upstream: Upstream) {
    this.#storage = storage;
    this.#upstream = upstream;
  }

  /** The tags that may be pulled, in code point order. */
  async tags(name: RepositoryName, page: Page, rules: RepositoryRules, context: Context): Promise<PageOf<string>> {
    try {
      return await this.#askTags(name, page, rules, context);
    } catch (error) {
      const stored = await this.#storage.tags.list(name);
      if (stored.length === 0 || !allowsStale(error)) throw toRegistryError(error, () => this.#unknown(name));
      context.log.warn("stored tags listed: the upstream did not send its list", { repository: name, cause: error });
      const warning = `only the cached tags are listed: ${error.message}`;
      return { ...pageOf(rules.allowed(stored), page), warning };
    }
  }

  async listReferrers(
    name: RepositoryName,
    subject: Digest,
    query: ReferrersQuery,
    context: Context,
  ): Promise<ReferrersPage> {
    try {
      return await pageOfReferrers((await this.#askReferrers(name, subject, context)).all, query);
    } catch (error) {
      const known = allowsStale(error) ? await listReferrers(this.#storage, name, subject, query) : undefined;
      // If none are stored, that proves nothing: a client that looks for a signature would take the image for unsigned.
      if (known === undefined || known.items.length === 0) throw toFailure(error, `the referrers of ${subject}`);
      context.log.warn("stored referrers listed: the upstream did not send its list", {
        repository: name,
        cause: error,
      });
      return { ...known, warning: `only the cached referrers are listed: ${failureText(error)}` };
    }
  }

  async #askTags(name: RepositoryName, page: Page, rules: RepositoryRules, context: Context): Promise<PageOf<string>> {
    const remembered = context.noCache ? undefined : this.#tags.get(name);
    const waited = this.#waitedFor.get(name) ?? { list: remembered ?? this.#newList(name, context), clients: 0 };
    const { list } = waited;
    this.#waitedFor.set(name, waited);
    waited.clients += 1;
    try {
      const found = await list.page(page, rules, context.signal, () => this.#refuseTooMuch());
      this.#tags.set(name, list);
      return found;
    } catch (error) {
      if (list.isBroken) this.#forget(name, list);
      throw error;
    } finally {
      waited.clients -= 1;
      if (waited.clients === 0 && this.#waitedFor.get(name) === waited) this.#waitedFor.delete(name);
    }
  }

  #newList(name: RepositoryName, { log, trail }: Context): GrowingTagList {
    const { client } = this.#upstream;
    return new GrowingTagList(client.tagPages(remoteNameOf(name, this.#upstream), { signal: unhurried, log, trail }));
  }

  #forget(name: RepositoryName, list: GrowingTagList): void {
    if (this.#tags.get(name) === list) this.#tags.delete(name);
    if (this.#waitedFor.get(name)?.list === list) this.#waitedFor.delete(name);
  }

  #refuseTooMuch(): void {
    let bytes = 0;
    for (const { list } of this.#waitedFor.values()) bytes += list.bytes;
    if (bytes <= heldBytes) return;
    const message =
      "too many lists are being read at the same time; retry in a moment, or request fewer entries with ?n=";
    throw new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "10" } });
  }

  async #askReferrers(name: RepositoryName, subject: Digest, context: Context): Promise<SizedReferrers> {
    const key = `${name}@${subject}`;
    const known = context.noCache ? undefined : this.#referrers.get(key);
    return known ?? this.#referrerRequests.run(key, () => this.#fetchReferrers(key, name, subject, context));
  }

  async #fetchReferrers(
    key: string,
    name: RepositoryName,
    subject: Digest,
    { log, trail }: Context,
  ): Promise<SizedReferrers> {
    const options = { signal: unhurried, log, trail };
    const found = await this.#upstream.client.listReferrers(remoteNameOf(name, this.#upstream), subject, options);
    const listed = await sortedReferrers(found);
    this.#referrers.set(key, listed);
    return listed;
  }

  #unknown(name: RepositoryName): RegistryError {
    const upstream = this.#upstream.name;
    return new RegistryError("NAME_UNKNOWN", `${upstream} has no repository ${remoteNameOf(name, this.#upstream)}`, {
      detail: { name, upstream },
    });
  }
}

/** By digest, each once. In steps, since a list may have tens of thousands. */
async function sortedReferrers(found: readonly Descriptor[]): Promise<SizedReferrers> {
  const byDigest = new Map<string, Descriptor>();
  const breaks = new EventLoopBreaks();
  let bytes = 0;
  for (const referrer of found) {
    await breaks.take();
    byDigest.set(referrer.digest, referrer);
    bytes += sizeOfReferrer(referrer);
  }
  const all: Descriptor[] = [];
  for (const digest of await sortedInTurns([...byDigest.keys()])) {
    const referrer = byDigest.get(digest);
    if (referrer !== undefined) all.push(referrer);
  }
  return { all, bytes };
}

/** Expired lists are dropped at once, not on the next request; lists that are too large are not remembered. */
function rememberedLists<Key extends string, List extends { readonly bytes: number }>(): LRUCache<Key, List> {
  return new LRUCache<Key, List>({
    maxSize: rememberedBytes,
    sizeCalculation: ({ bytes }) => bytes + 500,
    ttl: rememberedForMs,
    ttlAutopurge: true,
    noUpdateTTL: true,
  });
}

function failureText(error: unknown): string {
  return error instanceof Error ? error.message : "the upstream did not answer";
}
