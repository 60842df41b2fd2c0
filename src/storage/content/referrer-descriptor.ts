import type { Descriptor } from "../../oci/descriptor.js";
import type { StoredManifest } from "./manifest-store.js";

/** The parts of a manifest that are listed. */
export interface Listed {
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A manifest as shown in the list of referrers (distribution-spec, "Listing Referrers"). */
export function referrerDescriptor(manifest: Pick<StoredManifest, "descriptor">, content: Listed): Descriptor {
  return {
    mediaType: manifest.descriptor.mediaType,
    digest: manifest.descriptor.digest,
    size: manifest.descriptor.size,
    ...(content.artifactType === undefined ? {} : { artifactType: content.artifactType }),
    ...(Object.keys(content.annotations).length === 0 ? {} : { annotations: content.annotations }),
  };
}
