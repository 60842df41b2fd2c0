import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Finding, Flaw } from "./finding.js";

/** What mending has achieved. */
export type Mended = Pick<Finding, "outcome" | "setAsideTo" | "obstacle">;

/** Something that seems wrong. What is being pushed or removed at this moment may look like that. */
export interface Suspect {
  readonly flaw: Flaw;
  readonly isDamage: boolean;
  readonly digest?: Digest;
  readonly tag?: Tag;
  readonly place: string;
  readonly what: string;
  readonly advice?: string | undefined;
  /** Looks again. @returns whether it is wrong indeed */
  confirm(): Promise<boolean>;
  /** Absent if only a client can mend it. */
  mend?(holders: readonly SuspectHolder[]): Promise<Mended>;
}

/** A repository that is concerned, and the images in it that are. */
export interface SuspectHolder {
  readonly name: RepositoryName;
  readonly upstream: string | undefined;
  readonly images: readonly string[];
  /** Whether it holds the digest as a manifest. */
  readonly isManifest: boolean;
}

/** Everything suspicious, each once, with the repositories concerned. */
export class Suspects {
  readonly #suspects = new Map<string, { readonly suspect: Suspect; readonly holders: SuspectHolder[] }>();

  add(suspect: Suspect, holder?: SuspectHolder): void {
    const id = idOf(suspect);
    const known = this.#suspects.get(id);
    const holders = known?.holders ?? [];
    if (holder !== undefined && !holders.some(({ name }) => name === holder.name)) holders.push(holder);
    // What one repository misses is damage, even if another one does not.
    const isWorse = known === undefined || (suspect.isDamage && !known.suspect.isDamage);
    this.#suspects.set(id, { suspect: isWorse ? suspect : known.suspect, holders });
  }

  /** Says which images of a repository are concerned. */
  name(suspect: Suspect, name: RepositoryName, images: readonly string[]): void {
    const holders = this.#suspects.get(idOf(suspect))?.holders ?? [];
    const at = holders.findIndex((holder) => holder.name === name);
    const holder = holders[at];
    if (holder !== undefined) holders[at] = { ...holder, images };
  }

  get size(): number {
    return this.#suspects.size;
  }

  [Symbol.iterator](): Iterator<{ readonly suspect: Suspect; readonly holders: readonly SuspectHolder[] }> {
    return this.#suspects.values();
  }
}

function idOf({ flaw, place }: Suspect): string {
  return `${flaw} ${place}`;
}
