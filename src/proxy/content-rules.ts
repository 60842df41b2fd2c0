import { BoundedMap } from "../foundation/bounded-map.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { Glob } from "../registry/glob.js";
import { NamePatterns } from "../registry/name-patterns.js";

/** A pattern of repositories, or of certain of their tags: `library/*`, `library/nginx:1.*`. */
interface Rule {
  readonly names: NamePatterns;
  readonly tags: Glob | undefined;
}

/** What may be pulled from one repository. */
export interface RepositoryRules {
  /** Whether only some of its tags are allowed: then a digest alone does not say what may be pulled. */
  readonly dependOnTag: boolean;
  allows(tag: string): boolean;
  /** The allowed ones among the tags; the same array if all are. */
  allowed(tags: readonly string[]): readonly string[];
}

const remembered = 10_000;

/** Which repositories and tags of an upstream may be pulled through this registry. */
export class ContentRules {
  readonly #allow: readonly Rule[];
  readonly #deny: readonly Rule[];
  readonly #known = new BoundedMap<RepositoryName, { readonly rules: RepositoryRules | undefined }>(remembered);

  /** @param allow patterns; an empty list allows everything. @param deny patterns, which override `allow` */
  constructor(allow: readonly string[], deny: readonly string[]) {
    this.#allow = allow.map(ruleOf);
    this.#deny = deny.map(ruleOf);
  }

  /**
   * `undefined` if nothing may be pulled from it.
   * @param name the upstream's name for it, without the prefix that selects the upstream here
   */
  of(name: RepositoryName): RepositoryRules | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known.rules;
    const rules = this.#find(name);
    this.#known.set(name, { rules });
    return rules;
  }

  #find(name: RepositoryName): RepositoryRules | undefined {
    const fitsName = ({ names }: Rule) => names.find(name) !== undefined;
    const allowing = this.#allow.filter(fitsName);
    const denying = this.#deny.filter(fitsName);
    const isAllowed = this.#allow.length === 0 || allowing.length > 0;
    if (!isAllowed || denying.some(({ tags }) => tags === undefined)) return undefined;
    const isPlain = denying.length === 0 && allowing.every(({ tags }) => tags === undefined);
    const fitsTag = (tag: string) => (rule: Rule) => rule.tags === undefined || rule.tags.fits(tag);
    const allows = (tag: string) =>
      (this.#allow.length === 0 || allowing.some(fitsTag(tag))) && !denying.some(fitsTag(tag));
    return { dependOnTag: !isPlain, allows, allowed: (tags) => (isPlain ? tags : tags.filter(allows)) };
  }
}

function ruleOf(pattern: string): Rule {
  const [name = "", tag] = pattern.split(":");
  return { names: new NamePatterns([name]), tags: tag === undefined ? undefined : new Glob(tag) };
}
