import { algorithmOf, type Digest, type DigestAlgorithm, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import {
  emptyConfigType,
  layerType,
  type ManifestToPush,
  manifestOf,
  pushBlob,
  pushManifest,
  seededBytes,
} from "./content.js";
import type { RegistryClient } from "./registry-client.js";

/** A manifest of a repository, with what must be pushed before it. */
export interface Sample {
  readonly name: string;
  readonly manifest: ManifestToPush;
  readonly blobs: readonly Blob[];
  readonly tags: readonly string[];
  /** Whether everything that the manifest references exists. */
  readonly isWhole: boolean;
}

interface Blob {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

interface Algorithms {
  readonly ofBlobs?: DigestAlgorithm;
  readonly ofManifest?: DigestAlgorithm;
}

const configType = "application/vnd.oci.image.config.v1+json";
const dockerConfigType = "application/vnd.docker.container.image.v1+json";
const dockerLayerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** One of each kind of content that a registry holds, children before the manifests that reference them. */
export function sampleContent(): Sample[] {
  const platforms = ["amd64", "arm64"].map((platform) => image("multi/index", platform, []));
  const subject = image("with/referrers", "subject", ["v1"]);
  const absent = image("sparse/image", "layers that are elsewhere", ["v1"]);
  return [
    image("plain/image", "first", ["v1"]),
    image("plain/image", "second", ["v2", "latest"]),
    image("plain/image", "untagged", []),
    image("plain", "its name begins another", ["v1"]),
    dockerImage("docker/image", ["v1"]),
    ...platforms,
    index("multi/index", platforms, ["v1"]),
    index("empty/index", [], ["v1"]),
    subject,
    referrer(subject, "signature"),
    referrer(subject, "sbom"),
    image("hashed/blobs", "blobs by sha512", ["v1"], { ofBlobs: "sha512" }),
    image("hashed/all", "all by sha512", ["v1"], { ofBlobs: "sha512", ofManifest: "sha512" }),
    { ...absent, blobs: [], isWhole: false },
    { ...index("sparse/index", platforms, ["v1"]), isWhole: false },
  ];
}

/** Pushes a sample: its blobs, its manifest by digest, then its tags. */
export async function pushSample(client: RegistryClient, { name, manifest, blobs, tags }: Sample): Promise<void> {
  const { digest } = manifest.descriptor;
  for (const blob of blobs) await pushBlob(client, name, blob.bytes, blob.digest);
  await pushManifest(client, name, manifest);
  // A manifest that is pushed by a tag gets a sha256 digest, whatever it was pushed by before.
  const isCanonical = algorithmOf(digest) === "sha256";
  for (const tag of tags) await pushManifest(client, name, manifest, isCanonical ? tag : `${digest}?tag=${tag}`);
}

function image(name: string, seed: string, tags: readonly string[], algorithms: Algorithms = {}): Sample {
  const config = blobOf(Buffer.from(JSON.stringify({ os: "linux", seed })), algorithms.ofBlobs);
  const layers = [3000, 0, 70_000].map((size) => blobOf(seededBytes(seed, size), algorithms.ofBlobs));
  const content = {
    mediaType: mediaTypes.ociManifest,
    config: describe(configType, config),
    layers: layers.map((layer) => describe(layerType, layer)),
  };
  const manifest = manifestOf(content, algorithms.ofManifest);
  return { name, manifest, blobs: [config, ...layers], tags, isWhole: true };
}

function dockerImage(name: string, tags: readonly string[]): Sample {
  const config = blobOf(Buffer.from(JSON.stringify({ os: "linux", seed: "docker" })));
  const layer = blobOf(seededBytes("docker", 5000));
  const manifest = manifestOf({
    mediaType: mediaTypes.dockerManifest,
    config: describe(dockerConfigType, config),
    layers: [describe(dockerLayerType, layer)],
  });
  return { name, manifest, blobs: [config, layer], tags, isWhole: true };
}

function index(name: string, children: readonly Sample[], tags: readonly string[]): Sample {
  const manifests = children.map(({ manifest }) => manifest.descriptor);
  const manifest = manifestOf({ mediaType: mediaTypes.ociIndex, manifests });
  return { name, manifest, blobs: [], tags, isWhole: true };
}

function referrer(subject: Sample, kind: string): Sample {
  const empty = blobOf(Buffer.from("{}"));
  const layer = blobOf(Buffer.from(`${kind} of the subject`));
  const manifest = manifestOf({
    mediaType: mediaTypes.ociManifest,
    artifactType: `application/vnd.example.${kind}`,
    config: describe(emptyConfigType, empty),
    layers: [describe("text/plain", layer)],
    subject: subject.manifest.descriptor,
  });
  return { name: subject.name, manifest, blobs: [empty, layer], tags: [], isWhole: true };
}

function blobOf(bytes: Buffer, algorithm?: DigestAlgorithm): Blob {
  return { digest: digestOf(bytes, algorithm), bytes };
}

function describe(mediaType: string, { digest, bytes }: Blob): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest, size: bytes.length };
}
