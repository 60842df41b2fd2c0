import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { emptyConfig, imageManifest } from "./manifest.mjs";

const pieceSize = 4_000_000;

/** Writes a data directory in the layout of all three programs, which is faster than pushing to each. */
export class Layout {
  /** The data directory. */
  data;
  #root;

  constructor(data) {
    this.data = data;
    this.#root = join(data, "docker/registry/v2");
  }

  /** Stores a blob and links it. */
  putBlob(repository, bytes) {
    const digest = this.#store(bytes);
    this.#write(`repositories/${repository}/_layers/${slashed(digest)}/link`, digest);
    return { digest, size: bytes.length };
  }

  /** The same with random bytes, which need not fit into memory. */
  putRandomBlob(repository, size) {
    const staged = join(this.#root, "staged");
    mkdirSync(this.#root, { recursive: true });
    const digest = writeRandomFile(staged, size);
    const file = this.blobFile(digest);
    mkdirSync(dirname(file), { recursive: true });
    renameSync(staged, file);
    this.#write(`repositories/${repository}/_layers/${slashed(digest)}/link`, digest);
    return { digest, size };
  }

  /** Stores an image under these tags, by default with one small layer. */
  putImage(repository, tags, layers = [this.putBlob(repository, randomBytes(1_000))]) {
    const config = this.putBlob(repository, emptyConfig);
    const manifest = imageManifest({ config, layers });
    const digest = this.#store(manifest);
    const folder = `repositories/${repository}/_manifests`;
    this.#write(`${folder}/revisions/${slashed(digest)}/link`, digest);
    for (const tag of tags) {
      this.#write(`${folder}/tags/${tag}/index/${slashed(digest)}/link`, digest);
      this.#write(`${folder}/tags/${tag}/current/link`, digest);
    }
    return { digest, size: manifest.length };
  }

  /** The file of a blob's bytes. */
  blobFile(digest) {
    const [algorithm, hex] = digest.split(":");
    return join(this.#root, "blobs", algorithm, hex.slice(0, 2), hex, "data");
  }

  #store(bytes) {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const file = this.blobFile(digest);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return digest;
  }

  #write(key, content) {
    const file = join(this.#root, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

function slashed(digest) {
  return digest.replace(":", "/");
}

function writeRandomFile(file, size) {
  const hash = createHash("sha256");
  const descriptor = openSync(file, "w");
  for (let left = size; left > 0; left -= pieceSize) {
    const piece = randomBytes(Math.min(left, pieceSize));
    hash.update(piece);
    writeSync(descriptor, piece);
  }
  closeSync(descriptor);
  return `sha256:${hash.digest("hex")}`;
}
