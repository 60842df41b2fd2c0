import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { ContentLink } from "../../storage/content/content-link.js";
import { placeOf } from "../../storage/content/places.js";
import { isLinked, type SuspectPlace } from "./content-suspects.js";
import { mendBytes } from "./mend-bytes.js";
import type { Suspect } from "./suspect.js";

/** What can be wrong with tags and lists of referrers, how to look at it again, and how to mend it. */
export class RecordSuspects {
  readonly #at: SuspectPlace;

  constructor(at: SuspectPlace) {
    this.#at = at;
  }
  damagedTag(tag: Tag): Suspect {
    const { tags } = this.#at.parts.storage;
    return {
      flaw: "damaged tag",
      isDamage: true,
      tag,
      place: placeOf.tag(this.#at.name, tag),
      what: "the link of the tag is empty or truncated",
      advice: `push ${this.#at.name}:${tag} again, or delete the tag`,
      confirm: async () =>
        (await tags.find(this.#at.name, tag)) === undefined && (await tags.movedAt(this.#at.name, tag)) !== undefined,
    };
  }

  danglingTag(tag: Tag, digest: Digest): Suspect {
    const { tags } = this.#at.parts.storage;
    const link: ContentLink = { name: this.#at.name, kind: "manifest", digest };
    return {
      flaw: "dangling tag",
      isDamage: this.#at.isPrivate,
      tag,
      digest,
      place: placeOf.tag(this.#at.name, tag),
      what: `the tag points to ${digest}, which ${this.#at.name} does not hold`,
      advice: this.#at.isPrivate ? `push ${this.#at.name}:${tag} again, or delete the tag` : "the next pull fetches it",
      confirm: async () =>
        (await tags.find(this.#at.name, tag)) === digest && !(await isLinked(this.#at.parts.storage, link)),
      mend: (holders) =>
        mendBytes(this.#at.parts, {
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
      place: placeOf.tag(this.#at.name, tag),
      what: "a folder of a tag that has no link",
      confirm: async () => (await this.#at.parts.storage.tags.movedAt(this.#at.name, tag)) === undefined,
    };
  }

  /** A repository without any records gets them when they are first asked for. */
  async isReferrerMissing(subject: Digest, digest: Digest): Promise<boolean> {
    const { referrers } = this.#at.parts.storage;
    if (await referrers.isRecorded(this.#at.name, subject, digest)) return false;
    return referrers.isKept(this.#at.name);
  }

  missingReferrer(subject: Digest, digest: Digest): Suspect {
    return {
      flaw: "missing referrer",
      isDamage: true,
      digest,
      place: placeOf.referrer(this.#at.name, subject, digest),
      what: `no list says that ${digest} refers to ${subject}`,
      advice: "run berth fsck --repair",
      confirm: async () =>
        (await this.isReferrerMissing(subject, digest)) &&
        (await isLinked(this.#at.parts.storage, { name: this.#at.name, kind: "manifest", digest })),
      mend: async () => {
        await this.#at.parts.storage.repository(this.#at.name).recordReferrer(digest);
        return { outcome: "written again" };
      },
    };
  }

  danglingReferrer(subject: Digest, digest: Digest): Suspect {
    const { referrers } = this.#at.parts.storage;
    return {
      flaw: "dangling referrer",
      isDamage: false,
      digest,
      place: placeOf.referrer(this.#at.name, subject, digest),
      what: `a record of ${digest}, which ${this.#at.name} does not hold`,
      confirm: async () =>
        (await referrers.isRecorded(this.#at.name, subject, digest)) &&
        !(await isLinked(this.#at.parts.storage, { name: this.#at.name, kind: "manifest", digest })),
      mend: async () => {
        await referrers.remove(this.#at.name, subject, digest);
        return { outcome: "removed" };
      },
    };
  }
}
