import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { ContentLink } from "../../storage/content/content-link.js";
import { placeOf } from "../../storage/content/places.js";
import type { Storage } from "../../storage/storage.js";
import { isLinked, type SuspectParts } from "./content-suspects.js";
import { mendBytes } from "./mend-bytes.js";
import type { Suspect } from "./suspect.js";

/** What can be wrong with tags and lists of referrers, how to look at it again, and how to mend it. */
export class RecordSuspects {
  readonly #parts: SuspectParts;
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  /** What a cache lacks, it downloads again. */
  readonly #isPrivate: boolean;

  constructor(parts: SuspectParts, name: RepositoryName, upstream: string | undefined) {
    this.#parts = parts;
    this.#storage = parts.storage;
    this.#name = name;
    this.#isPrivate = upstream === undefined;
  }

  damagedTag(tag: Tag): Suspect {
    const { tags } = this.#storage;
    return {
      flaw: "damaged tag",
      isDamage: true,
      tag,
      place: placeOf.tag(this.#name, tag),
      what: "the link of the tag is empty or torn",
      advice: `push ${this.#name}:${tag} again, or delete the tag`,
      confirm: async () =>
        (await tags.find(this.#name, tag)) === undefined && (await tags.movedAt(this.#name, tag)) !== undefined,
    };
  }

  danglingTag(tag: Tag, digest: Digest): Suspect {
    const { tags } = this.#storage;
    const link: ContentLink = { name: this.#name, kind: "manifest", digest };
    return {
      flaw: "dangling tag",
      isDamage: this.#isPrivate,
      tag,
      digest,
      place: placeOf.tag(this.#name, tag),
      what: `the tag points to ${digest}, which ${this.#name} does not hold`,
      advice: this.#isPrivate ? `push ${this.#name}:${tag} again, or delete the tag` : "the next pull fetches it",
      confirm: async () => (await tags.find(this.#name, tag)) === digest && !(await isLinked(this.#storage, link)),
      mend: (holders) =>
        mendBytes(this.#parts, {
          digest,
          holders: holders.map((each) => ({ ...each, isManifest: true })),
          seen: undefined,
        }),
    };
  }

  emptyTag(tag: Tag): Suspect {
    return {
      flaw: "empty tag",
      isDamage: false,
      tag,
      place: placeOf.tag(this.#name, tag),
      what: "a folder of a tag that has no link",
      confirm: async () => (await this.#storage.tags.movedAt(this.#name, tag)) === undefined,
    };
  }

  /** A repository without any records gets them when they are first asked for. */
  async isReferrerMissing(subject: Digest, digest: Digest): Promise<boolean> {
    const { referrers } = this.#storage;
    if (await referrers.isRecorded(this.#name, subject, digest)) return false;
    return referrers.isKept(this.#name);
  }

  missingReferrer(subject: Digest, digest: Digest): Suspect {
    return {
      flaw: "missing referrer",
      isDamage: true,
      digest,
      place: placeOf.referrer(this.#name, subject, digest),
      what: `no list says that ${digest} refers to ${subject}`,
      advice: "run berth fsck --repair",
      confirm: async () =>
        (await this.isReferrerMissing(subject, digest)) &&
        (await isLinked(this.#storage, { name: this.#name, kind: "manifest", digest })),
      mend: async () => {
        await this.#storage.repository(this.#name).recordReferrer(digest);
        return { outcome: "written again" };
      },
    };
  }

  danglingReferrer(subject: Digest, digest: Digest): Suspect {
    const { referrers } = this.#storage;
    return {
      flaw: "dangling referrer",
      isDamage: false,
      digest,
      place: placeOf.referrer(this.#name, subject, digest),
      what: `a record of ${digest}, which ${this.#name} does not hold`,
      confirm: async () =>
        (await referrers.isRecorded(this.#name, subject, digest)) &&
        !(await isLinked(this.#storage, { name: this.#name, kind: "manifest", digest })),
      mend: async () => {
        await referrers.remove(this.#name, subject, digest);
        return { outcome: "removed" };
      },
    };
  }
}
