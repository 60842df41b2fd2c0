import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import { inParallel } from "../foundation/in-parallel.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { ManifestContent } from "../oci/manifest.js";
import { isNonDistributable, manifestKind } from "../oci/media-types.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import type { GuardedTags } from "./tag-guard.js";

/** The operator's rules for private repositories: `private` of the configuration. */
export interface PrivateRules {
  readonly delete: boolean;
  /** Manifests may reference missing content. */
  readonly sparse: boolean;
  /** Manifests of types other than Docker schema 2 and OCI are accepted. */
  readonly anyMediaType: boolean;
  /** Referrers of a manifest are also listed under its fallback tag. */
  readonly referrersTag?: boolean;
  /** The tags of a repository that policies guard. */
  readonly guardedTagsOf?: (name: RepositoryName) => GuardedTags;
}

/**
 * @throws RegistryError MANIFEST_INVALID for a type that makes the garbage collection of the distribution registry
 * abort
 */
export function checkMediaType(manifest: ManifestContent, rules: PrivateRules): void {
  if (manifest.kind !== undefined || rules.anyMediaType) return;
  throw new RegistryError(
    "MANIFEST_INVALID",
    `manifests of type ${manifest.mediaType} are not accepted; private.anyMediaType: true accepts them`,
    { detail: { mediaType: manifest.mediaType } },
  );
}

/** The repository in which references are looked up, and the signal of a client that may disconnect. */
export interface ReferenceCheck {
  readonly storage: Storage;
  readonly name: RepositoryName;
  readonly rules: PrivateRules;
  readonly signal: AbortSignal;
}

/**
 * Checks that the repository holds everything that a manifest references. Only links of this repository count, so that
 * referencing another repository's content does not make it readable. The subject may be absent (distribution-spec,
 * "Pushing Manifests"). Each descriptor is looked up once, even if it occurs several times.
 * @throws RegistryError MANIFEST_BLOB_UNKNOWN, or MANIFEST_INVALID if a size is wrong
 */
export async function checkReferences(manifest: ManifestContent, check: ReferenceCheck): Promise<void> {
  const children = manifest.manifests.filter(({ mediaType }) => manifestKind(mediaType) !== undefined);
  const others = manifest.manifests.filter(({ mediaType }) => manifestKind(mediaType) === undefined);
  refuseExcess(distinct(children));
  const blobs = [...(manifest.config === undefined ? [] : [manifest.config]), ...manifest.layers];
  const missing = await missingOf(
    [
      [blobs, mayNameBlob],
      [children, mayNameManifest],
      [others, mayNameOther],
    ],
    check,
  );
  if (missing.length > 0 && !check.rules.sparse) throw unknownContent(missing);
}

/** Looks for the descriptors of a group. */
type Group = readonly [
  descriptors: readonly Descriptor[],
  isHeld: (one: Descriptor, check: ReferenceCheck) => Promise<boolean>,
];

/** Asked for at the same time: an image of thirty layers must not wait for a distant store sixty times. */
const askedAtOnce = 8;

/** In the order of the groups, and at most slightly more than an error names. */
async function missingOf(groups: readonly Group[], check: ReferenceCheck): Promise<readonly Descriptor[]> {
  const missing: { readonly descriptor: Descriptor; readonly place: number }[] = [];
  const breaks = new EventLoopBreaks();
  let [places, isOver] = [0, false];
  const wanted = groups.flatMap(([descriptors, isHeld]) => [...distinct(descriptors)].map((one) => ({ one, isHeld })));
  const look = async ({ one, isHeld }: (typeof wanted)[number]) => {
    const place = places++;
    if (isOver) return;
    await breaks.take();
    check.signal.throwIfAborted();
    if (!(await isHeld(one, check))) missing.push({ descriptor: one, place });
    if (missing.length > mostNamed && !check.rules.sparse) isOver = true;
  };
  try {
    await inParallel(wanted, askedAtOnce, look);
  } finally {
    isOver = true;
  }
  return missing.sort((one, other) => one.place - other.place).map(({ descriptor }) => descriptor);
}

/** Descriptors of one digest count separately if their sizes differ, or only some may be absent. */
function* distinct(descriptors: readonly Descriptor[]): Generator<Descriptor, void, void> {
  const seen = new Map<Digest, Descriptor>();
  for (const one of descriptors) {
    const before = seen.get(one.digest);
    if (before?.size === one.size && mayBeAbsent(before) === mayBeAbsent(one)) continue;
    seen.set(one.digest, one);
    yield one;
  }
}

/** Each child may have to be read and hashed. Indexes of thousands of ordinary manifests stay far below. */
const mostBytesOfChildren = 128 * 1024 * 1024;

function refuseExcess(children: Iterable<Descriptor>): void {
  let bytes = 0;
  for (const { size } of children) bytes += size;
  if (bytes <= mostBytesOfChildren) return;
  throw new RegistryError(
    "MANIFEST_INVALID",
    `the index references manifests of ${bytes} bytes in all; at most ${mostBytesOfChildren} are accepted in one index`,
  );
}

async function mayNameBlob(blob: Descriptor, { storage, name, signal }: ReferenceCheck): Promise<boolean> {
  // Claimed, so that no collection removes the link before the manifest that needs it is stored.
  const size = (await storage.repository(name).claimBlob(blob.digest))?.size;
  if (size === undefined) return mayBeAbsent(blob);
  if (size === blob.size) return true;
  // Either the manifest gives a wrong size, or the stored content is damaged and can be pushed again once removed.
  if (await storage.blobs.verify(blob.digest, signal)) throw wrongSize(blob, size);
  return false;
}

/**
 * A child whose type is not a manifest type is a blob: BuildKit's cache lists its layers and config this way
 * (`image-manifest=false`, the default before 0.21). If manifests of unknown types are accepted, it may be one of
 * those.
 */
async function mayNameOther(child: Descriptor, check: ReferenceCheck): Promise<boolean> {
  const isManifest = await check.storage.manifests.has(check.name, child.digest);
  return isManifest ? mayNameManifest(child, check) : mayNameBlob(child, check);
}

async function mayNameManifest(child: Descriptor, { storage, name }: ReferenceCheck): Promise<boolean> {
  await storage.manifests.claim(name, child.digest);
  const size = await storage.manifests.size(name, child.digest);
  if (size === undefined) return mayBeAbsent(child);
  if (size !== child.size) throw wrongSize(child, size);
  return true;
}

/** Content that is stored elsewhere by design is never required, from the client or from its `urls`. */
function mayBeAbsent(descriptor: Descriptor): boolean {
  return isNonDistributable(descriptor.mediaType) || (descriptor.urls !== undefined && descriptor.urls.length > 0);
}

/** More would not help the client. */
const mostNamed = 100;

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
    `the manifest references content that this repository does not have: ${digests.slice(0, 3).join(", ")}${digests.length > 3 ? " and more" : ""}; push it first, or set private.sparse: true`,
    { detail: digests.slice(0, mostNamed).map((digest) => ({ digest })) },
  );
}
