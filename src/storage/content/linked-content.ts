import { algorithmOf, type Digest, type DigestAlgorithm, digestAlgorithms, isDigest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { layout } from "../layout.js";
import type { Storage } from "../storage.js";
import { Turns } from "../turns.js";
import { walkRepositories } from "./catalog.js";

interface Link {
  readonly digest: Digest;
  readonly key: string;
}

/** Digests of the manifests that a repository has links for. */
export async function linkedManifests(storage: Storage, name: RepositoryName): Promise<Digest[]> {
  return digestsOf(storage, revisionLinks(storage, name));
}

/** Digests of the blobs that a repository has links for. */
export async function linkedBlobs(storage: Storage, name: RepositoryName): Promise<Digest[]> {
  return digestsOf(storage, layerLinks(storage, name));
}

/**
 * Digests under which bytes lie that a repository has links for, of either kind. A link below sha512 that distribution
 * wrote may mean bytes below sha256: those count, and the link's own digest as well.
 */
export async function* linkedContent(
  storage: Storage,
  name: RepositoryName,
  isAskedFor: (digest: Digest) => boolean,
): AsyncIterable<Digest> {
  const turns = new Turns();
  for (const links of [layerLinks(storage, name), revisionLinks(storage, name)]) {
    for await (const { digest, key } of links) {
      await turns.take();
      const meant = algorithmOf(digest) === "sha256" ? digest : await storage.links.find(key);
      const asked = [...new Set([digest, meant ?? digest])].filter(isAskedFor);
      if (asked.length > 0 && (await isThere(storage, key))) yield* asked;
    }
  }
}

/** Those of the digests that any repository has a link for, whoever owns it. */
export async function linkedAnywhere(storage: Storage, digests: ReadonlySet<Digest>): Promise<Set<Digest>> {
  const linked = new Set<Digest>();
  if (digests.size === 0) return linked;
  const turns = new Turns();
  for await (const { name } of walkRepositories(storage.driver)) {
    await turns.take();
    for await (const digest of linkedContent(storage, name, (asked) => digests.has(asked))) linked.add(digest);
  }
  return linked;
}

async function digestsOf(storage: Storage, links: AsyncIterable<Link>): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest, key } of links) if (await isThere(storage, key)) digests.push(digest);
  return digests;
}

/** An empty link counts, too: a push heals it, and then it needs the bytes. */
async function isThere(storage: Storage, key: string): Promise<boolean> {
  return (await storage.driver.stat(key)) !== undefined;
}

async function* layerLinks(storage: Storage, name: RepositoryName): AsyncIterable<Link> {
  for (const algorithm of digestAlgorithms) {
    const folders = await storage.driver.list(layout.layersOf(name, algorithm));
    for (const digest of toDigests(algorithm, folders)) yield { digest, key: layout.layerLink(name, digest) };
  }
}

async function* revisionLinks(storage: Storage, name: RepositoryName): AsyncIterable<Link> {
  for (const algorithm of digestAlgorithms) {
    const folders = await storage.driver.list(layout.revisionsOf(name, algorithm));
    for (const digest of toDigests(algorithm, folders)) yield { digest, key: layout.revisionLink(name, digest) };
  }
}

function toDigests(algorithm: DigestAlgorithm, folders: readonly string[]): Digest[] {
  return folders.map((hex) => `${algorithm}:${hex}`).filter(isDigest);
}
