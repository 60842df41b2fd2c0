import type { Descriptor } from "../oci/descriptor.js";
import { carriesOwnContent } from "../oci/embedded-data.js";
import { RegistryError } from "../oci/errors.js";
import type { ManifestContent } from "../oci/manifest.js";
import { isNonDistributable } from "../oci/media-types.js";
import { hasRepeatedKeys } from "../oci/repeated-keys.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/** What the operator allows in repositories that are ours: `private` of the configuration. */
export interface PrivateRules {
  readonly delete: boolean;
  /** Manifests may name content that is not here. */
  readonly sparse: boolean;
  /** Manifests of types outside Docker schema 2 and OCI are accepted. */
  readonly anyMediaType: boolean;
}

/** @throws RegistryError MANIFEST_INVALID for a manifest that readers may understand in two ways */
export function checkKeys(bytes: Buffer): void {
  if (!hasRepeatedKeys(bytes, JSON.parse(bytes.toString()))) return;
  throw new RegistryError("MANIFEST_INVALID", "a key stands twice in one object of the manifest");
}

/** @throws RegistryError MANIFEST_INVALID for a descriptor that carries other content than it describes */
export function checkEmbeddedData({ config, layers, manifests, subject }: ManifestContent): void {
  for (const descriptor of [config, subject, ...layers, ...manifests]) {
    if (descriptor === undefined || carriesOwnContent(descriptor)) continue;
    throw new RegistryError(
      "MANIFEST_INVALID",
      `the data that the descriptor of ${descriptor.digest} carries is other content`,
      {
        detail: { digest: descriptor.digest },
      },
    );
  }
}

/** @throws RegistryError MANIFEST_INVALID for a type that would make the collection of the distribution registry abort */
export function checkMediaType(manifest: ManifestContent, rules: PrivateRules): void {
  if (manifest.kind !== undefined || rules.anyMediaType) return;
  throw new RegistryError(
    "MANIFEST_INVALID",
    `manifests of type ${manifest.mediaType} are not accepted; private.anyMediaType: true accepts them`,
    { detail: { mediaType: manifest.mediaType } },
  );
}

/**
 * Checks that the repository holds all that a manifest names: by links of this very repository, so that naming
 * somebody else's content does not make it readable. The subject may be absent (distribution-spec, "Pushing Manifests").
 * @throws RegistryError MANIFEST_BLOB_UNKNOWN, or MANIFEST_INVALID for a size that is not the content's
 */
export async function checkReferences(
  storage: Storage,
  name: RepositoryName,
  manifest: ManifestContent,
  rules: PrivateRules,
): Promise<void> {
  const blobs = [...(manifest.config === undefined ? [] : [manifest.config]), ...manifest.layers];
  const missing: Descriptor[] = [];
  for (const blob of blobs) {
    if (!(await mayNameBlob(storage, name, blob))) missing.push(blob);
  }
  for (const child of manifest.manifests) {
    if (!(await mayNameManifest(storage, name, child))) missing.push(child);
  }
  if (missing.length > 0 && !rules.sparse) throw unknownContent(missing);
}

async function mayNameBlob(storage: Storage, name: RepositoryName, blob: Descriptor): Promise<boolean> {
  const size = (await storage.findBlob(name, blob.digest))?.size;
  if (size === undefined) return mayBeAbsent(blob);
  if (size === blob.size) return true;
  // Either the manifest lies about the size, or the stored content is torn and can be pushed again once it is removed.
  if (await storage.blobs.verify(blob.digest)) throw wrongSize(blob, size);
  return false;
}

async function mayNameManifest(storage: Storage, name: RepositoryName, child: Descriptor): Promise<boolean> {
  const found = await storage.manifests.find(name, child.digest);
  if (found === undefined) return mayBeAbsent(child);
  if (found.descriptor.size !== child.size) throw wrongSize(child, found.descriptor.size);
  return true;
}

/** What lies elsewhere by design is never asked for: neither from the client nor from its `urls`. */
function mayBeAbsent(descriptor: Descriptor): boolean {
  return isNonDistributable(descriptor.mediaType) || (descriptor.urls !== undefined && descriptor.urls.length > 0);
}

function wrongSize(descriptor: Descriptor, size: number): RegistryError {
  return new RegistryError(
    "MANIFEST_INVALID",
    `the manifest says that ${descriptor.digest} has ${descriptor.size} bytes, but it has ${size}`,
    { detail: { digest: descriptor.digest, size: descriptor.size, actual: size } },
  );
}

function unknownContent(missing: readonly Descriptor[]): RegistryError {
  const digests = [...new Set(missing.map((descriptor) => descriptor.digest))];
  return new RegistryError(
    "MANIFEST_BLOB_UNKNOWN",
    `the manifest names content that this repository does not hold: ${digests.slice(0, 3).join(", ")}${digests.length > 3 ? " and more" : ""}; push it first, or set private.sparse: true`,
    { detail: digests.slice(0, 100).map((digest) => ({ digest })) },
  );
}
