import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { ContentLink } from "../../storage/content/content-link.js";
import { placeOf } from "../../storage/content/places.js";
import type { Storage } from "../../storage/storage.js";
import type { ContentStates } from "./content-states.js";
import { type Mending, mendBytes } from "./mend-bytes.js";
import type { Suspect, SuspectHolder } from "./suspect.js";
import { adviceForDisk, isStillUnreadable } from "./unreadable-place.js";

export interface SuspectParts extends Mending {
  readonly storage: Storage;
  readonly states: ContentStates;
}

/** The repository in which something is suspicious. */
export interface SuspectPlace {
  readonly parts: SuspectParts;
  readonly name: RepositoryName;
  /** What a cache lacks, it downloads again. */
  readonly isPrivate: boolean;
}

export const pushAgain = "push one of the images again";

/** What can be wrong with the content of a repository, how to look at it again, and how to mend it. */
export class ContentSuspects {
  readonly #at: SuspectPlace;

  constructor(at: SuspectPlace) {
    this.#at = at;
  }
  damagedBytes(content: Digest): Suspect {
    return damagedBytes(this.#at.parts, content);
  }

  missingBytes(link: ContentLink, content: Digest): Suspect {
    return {
      flaw: "missing bytes",
      isDamage: this.#at.isPrivate,
      digest: content,
      place: placeOf.bytes(content),
      what: "its bytes are not in the storage",
      advice: this.#at.isPrivate ? pushAgain : "the next pull fetches it",
      confirm: () => this.#lacksBytes(link, content),
      mend: (holders) => mendBytes(this.#at.parts, { digest: content, holders, seen: undefined }),
    };
  }

  linkWithoutBytes(link: ContentLink, content: Digest): Suspect {
    return {
      flaw: "link without bytes",
      isDamage: false,
      digest: link.digest,
      place: placeOf.link(link),
      what: "a link without bytes, which no image needs",
      confirm: () => this.#lacksBytes(link, content),
    };
  }

  damagedLink(link: ContentLink): Suspect {
    const { contentLinks, blobs } = this.#at.parts.storage;
    return {
      flaw: "damaged link",
      isDamage: true,
      digest: link.digest,
      place: placeOf.link(link),
      what: "the link is empty or truncated",
      advice: pushAgain,
      confirm: async () => (await contentLinks.stored(link)) === "unreadable",
      mend: async () => {
        if ((await blobs.storedSize(link.digest)) === undefined)
          return { outcome: "left", obstacle: "no bytes are stored under its digest" };
        await contentLinks.put(link, link.digest);
        return { outcome: "written again" };
      },
    };
  }

  /** @param by a manifest that references it */
  missingLink(digest: Digest, by: Digest): Suspect {
    const [blob, manifest] = this.#linksOf(digest);
    return {
      flaw: "missing link",
      isDamage: true,
      digest,
      place: placeOf.link(blob),
      what: `${this.#at.name} does not hold what its manifest ${by} references`,
      advice: pushAgain,
      confirm: async () =>
        (await isLinked(this.#at.parts.storage, { name: this.#at.name, kind: "manifest", digest: by })) &&
        !(await isLinked(this.#at.parts.storage, blob)) &&
        !(await isLinked(this.#at.parts.storage, manifest)),
    };
  }

  unreadableManifest(digest: Digest): Suspect {
    const link: ContentLink = { name: this.#at.name, kind: "manifest", digest };
    return {
      flaw: "unreadable manifest",
      isDamage: true,
      digest,
      place: placeOf.bytes(digest),
      what: "its bytes match its digest, but are not a manifest",
      advice: "delete the manifest, or push the image again",
      confirm: async () => (await this.#at.parts.storage.contentLinks.stored(link)) !== undefined,
    };
  }

  #linksOf(digest: Digest): readonly [ContentLink, ContentLink] {
    return [
      { name: this.#at.name, kind: "blob", digest },
      { name: this.#at.name, kind: "manifest", digest },
    ];
  }

  async #lacksBytes(link: ContentLink, content: Digest): Promise<boolean> {
    const { contentLinks, blobs, inspection } = this.#at.parts.storage;
    if ((await contentLinks.stored(link)) === undefined) return false;
    // They are told as damaged.
    if (await isStillUnreadable(() => blobs.storedSize(content))) return false;
    return (await inspection.look(content, { isHashed: false, pace: async () => {} })).state === "absent";
  }
}

/** What is in the trash comes back when a client asks for it. */
export async function isLinked({ contentLinks, trash }: Storage, link: ContentLink): Promise<boolean> {
  return (await contentLinks.stored(link)) !== undefined || (await trash.find(link)) !== undefined;
}

/** Bytes belong to no repository alone. */
export function damagedBytes(parts: SuspectParts, digest: Digest): Suspect {
  const { storage, states } = parts;
  const { why = "are damaged", seen } = states.damaged.get(digest) ?? {};
  const suspect = {
    isDamage: true,
    digest,
    place: placeOf.bytes(digest),
    what: `its bytes ${why}`,
    mend: (holders: readonly SuspectHolder[]) => mendBytes(parts, { digest, holders, seen }),
  };
  if (seen !== undefined)
    return {
      ...suspect,
      flaw: "damaged bytes",
      advice: pushAgain,
      confirm: () => storage.inspection.isUnchanged(digest, seen),
    };
  const confirm = () => isStillUnreadable(() => storage.blobs.storedSize(digest));
  return { ...suspect, flaw: "unreadable", advice: adviceForDisk, confirm };
}
