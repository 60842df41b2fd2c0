import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { imageManifestType } from "../manifest.mjs";

/** The content of a data directory, all in memory, by the path that a client requests, in any repository. */
export function readContent(data) {
  const root = join(data, "docker/registry/v2");
  const blobs = readBlobs(join(root, "blobs/sha256"));
  const tags = readTags(join(root, "repositories"));
  return {
    find(path) {
      if (path === "/v2/") return { headers: { "content-type": "application/json" }, bytes: Buffer.from("{}") };
      const [, kind, reference] = path.match(/\/(blobs|manifests)\/([^/?]+)/) ?? [];
      const digest = tags.get(reference) ?? reference;
      const bytes = blobs.get(digest);
      return bytes && { headers: headersOf(kind, digest, bytes), bytes, isBlob: kind === "blobs" };
    },
  };
}

function headersOf(kind, digest, bytes) {
  return {
    "content-type": kind === "blobs" ? "application/octet-stream" : imageManifestType,
    "content-length": bytes.length,
    "docker-content-digest": digest,
    etag: `"${digest}"`,
  };
}

function readBlobs(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith("/data"));
  return new Map(files.map((file) => [`sha256:${file.split("/").at(-2)}`, readFileSync(join(folder, file))]));
}

function readTags(folder) {
  const links = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith("/current/link"));
  return new Map(links.map((file) => [file.split("/").at(-3), readFileSync(join(folder, file), "utf8")]));
}
