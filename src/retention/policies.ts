import { BoundedMap } from "../foundation/bounded-map.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { NamePatterns } from "../registry/name-patterns.js";
import { subjectOfTag } from "../storage/content/fallback-referrers.js";
import { TagMatcher } from "./tag-matcher.js";

/** A rule that keeps tags, as configured. Times are in milliseconds. */
export interface KeepSettings {
  readonly tags: readonly string[];
  readonly newest: number | undefined;
  readonly pushedWithin: number | undefined;
  readonly pulledWithin: number | undefined;
}

/** A policy of the configuration. */
export interface PolicySettings {
  readonly name: string;
  readonly repositories: readonly string[];
  readonly keep: readonly KeepSettings[];
  readonly untagged: { readonly keepFor: number } | undefined;
  readonly immutable: readonly string[];
  readonly protected: readonly string[];
}

/** A rule that keeps tags, and its place in the configuration: `releases.keep[0]`. */
export interface KeepRule {
  readonly place: string;
  readonly settings: KeepSettings;
  readonly tags: TagMatcher;
}

const rememberedNames = 20_000;

/** All policies of a configuration. */
export class Policies {
  readonly #policies: readonly PolicySettings[];
  readonly #patterns: NamePatterns;
  readonly #known = new BoundedMap<RepositoryName, RepositoryPolicy>(rememberedNames);

  constructor(policies: readonly PolicySettings[]) {
    this.#policies = policies;
    this.#patterns = new NamePatterns(policies.flatMap(({ repositories }) => repositories));
  }

  get areNone(): boolean {
    return this.#policies.length === 0;
  }

  /** The policy of a repository: all policies that match its name add up. */
  of(name: RepositoryName): RepositoryPolicy {
    if (this.areNone) return noPolicy;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const matching = this.#patterns.findAll(name);
    const policies = this.#policies.filter(({ repositories }) => repositories.some((each) => matching.has(each)));
    const found = policies.length === 0 ? noPolicy : new RepositoryPolicy(policies);
    this.#known.set(name, found);
    return found;
  }
}

interface GuardedTags {
  readonly policy: string;
  readonly tags: TagMatcher;
}

/** The policies for one repository together. */
export class RepositoryPolicy {
  readonly settings: readonly PolicySettings[];
  readonly names: readonly string[];
  /** Tags that none of them keeps go; if there are none, all stay. */
  readonly rules: readonly KeepRule[];
  /** How long untagged manifests stay, in milliseconds; `undefined`: for ever. */
  readonly untaggedKeepMs: number | undefined;
  readonly #immutable: readonly GuardedTags[];
  readonly #protected: readonly GuardedTags[];

  constructor(policies: readonly PolicySettings[]) {
    this.settings = policies;
    this.names = policies.map(({ name }) => name);
    this.rules = policies.flatMap(({ name, keep }) =>
      keep.map((settings, index) => ({
        place: `${name}.keep[${index}]`,
        settings,
        tags: new TagMatcher(settings.tags),
      })),
    );
    const times = policies.flatMap(({ untagged }) => (untagged === undefined ? [] : [untagged.keepFor]));
    this.untaggedKeepMs = times.length === 0 ? undefined : Math.max(...times);
    this.#immutable = guarded(policies, (policy) => policy.immutable);
    this.#protected = guarded(policies, (policy) => policy.protected);
  }

  /** Whether some tags may not be deleted. */
  get guardsTags(): boolean {
    return this.#immutable.length > 0 || this.#protected.length > 0;
  }

  /** The policy that lets nobody move or delete the tag. */
  immutableBy(tag: Tag): string | undefined {
    return guardOf(this.#immutable, tag);
  }

  /** The policy that lets nobody delete the tag. */
  protectedBy(tag: Tag): string | undefined {
    return guardOf(this.#protected, tag);
  }
}

const noPolicy = new RepositoryPolicy([]);

function guarded(policies: readonly PolicySettings[], patternsOf: (policy: PolicySettings) => readonly string[]) {
  return policies
    .filter((policy) => patternsOf(policy).length > 0)
    .map((policy): GuardedTags => ({ policy: policy.name, tags: new TagMatcher(patternsOf(policy)) }));
}

/** Tools move the tags of signatures with each one, and they belong to their subject. */
function guardOf(guards: readonly GuardedTags[], tag: Tag): string | undefined {
  const guard = guards.find(({ tags }) => tags.fits(tag));
  return guard === undefined || subjectOfTag(tag) !== undefined ? undefined : guard.policy;
}
