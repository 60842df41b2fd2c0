import { createHash } from "node:crypto";
import { DigestNumbers } from "../oci/digest-numbers.js";
import { ManifestReferences } from "../oci/manifest-references.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** What a collection found in a repository in which nothing is unneeded. */
export interface KnownRepository {
  /** As of `RepositoryHoldings`: while it stays the same, the repository needs nothing else. */
  readonly version: string;
  /** Numbers of the digests that it needs. */
  readonly needed: Uint32Array;
}

interface KnowledgeParts {
  /** When everything was last read, in milliseconds since 1970. */
  readonly fullMs: number;
  /** Collections since then. */
  readonly runs?: number;
  readonly digests?: DigestNumbers;
  readonly manifests?: ManifestReferences;
  readonly repositories?: Map<RepositoryName, KnownRepository>;
}

/** What collections know: of repositories that have not changed since, and of manifests. */
export class CollectionKnowledge {
  readonly fullMs: number;
  readonly runs: number;
  readonly digests: DigestNumbers;
  readonly manifests: ManifestReferences;
  readonly repositories: Map<RepositoryName, KnownRepository>;

  constructor({
    fullMs,
    runs = 0,
    digests = new DigestNumbers(),
    manifests,
    repositories = new Map(),
  }: KnowledgeParts) {
    this.fullMs = fullMs;
    this.runs = runs;
    this.digests = digests;
    this.manifests = manifests ?? new ManifestReferences(digests);
    this.repositories = repositories;
  }
}

/** Changes with the meaning of what is stored: knowledge of another format is none. */
const format = "berth collection knowledge 2\n";
const bytesOfSum = 32;
/** Ten million digests and their uses. With more, every collection reads everything. */
const longestBytes = 512 * 1024 * 1024;

interface Head {
  readonly fullMs: number;
  readonly runs: number;
  readonly digests: number;
  readonly others: DigestNumbers["others"];
  /** Numbers of {@link ManifestReferences}. */
  readonly references: number;
  readonly repositories: readonly (readonly [name: RepositoryName, version: string, needed: number])[];
}

/**
 * Stores that knowledge. It can be lost at any time: then the next collection reads everything. What is torn or damaged
 * has another checksum, and is not used.
 */
export class KnowledgeStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async read(): Promise<CollectionKnowledge | undefined> {
    const bytes = await this.#driver.read(layout.collectionKnowledge, longestBytes);
    return bytes && parse(bytes);
  }

  async write(knowledge: CollectionKnowledge): Promise<void> {
    const content = knowledge.digests.size === 0 ? undefined : serialize(knowledge);
    if (content === undefined || content.length > longestBytes) await this.#driver.remove(layout.collectionKnowledge);
    else await this.#driver.write({ key: layout.collectionKnowledge, content });
  }
}

function serialize({ fullMs, runs, digests, manifests, repositories }: CollectionKnowledge): Buffer {
  const known = [...repositories];
  const references = manifests.toNumbers();
  const head: Head = {
    fullMs,
    runs,
    digests: digests.size,
    others: digests.others,
    references: references.length,
    repositories: known.map(([name, { version, needed }]) => [name, version, needed.length]),
  };
  const parts = [
    Buffer.from(`${format}${JSON.stringify(head)}\n`),
    digests.toBytes(),
    bytesOf(references),
    ...known.map(([, { needed }]) => bytesOf(needed)),
  ];
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return Buffer.concat([...parts, sum.digest()]);
}

function parse(bytes: Buffer): CollectionKnowledge | undefined {
  const content = bytes.subarray(0, Math.max(0, bytes.length - bytesOfSum));
  const isWhole = createHash("sha256").update(content).digest().equals(bytes.subarray(content.length));
  if (!isWhole || !content.subarray(0, format.length).equals(Buffer.from(format))) return undefined;
  const end = content.indexOf("\n", format.length);
  // The checksum says that Berth wrote it, in this format.
  const head = JSON.parse(content.toString("utf8", format.length, end)) as Head;
  const keysEnd = end + 1 + head.digests * DigestNumbers.bytesOfKey;
  const digests = DigestNumbers.from(content.subarray(end + 1, keysEnd), head.others);
  let start = keysEnd;
  const take = (count: number) => {
    const numbers = new Uint32Array(count);
    content.copy(bytesOf(numbers), 0, start, start + numbers.byteLength);
    start += numbers.byteLength;
    return numbers;
  };
  const manifests = ManifestReferences.from(digests, take(head.references));
  const repositories = new Map<RepositoryName, KnownRepository>();
  for (const [name, version, count] of head.repositories) repositories.set(name, { version, needed: take(count) });
  return new CollectionKnowledge({ ...head, digests, manifests, repositories });
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
