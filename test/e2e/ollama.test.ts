import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { startBerth } from "../support/berth-process.js";
import { expectStatus, seededBytes } from "../support/content.js";
import { type Answer, locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

const name = "library/model";
const mebibyte = 1024 * 1024;

/**
 * Ollama does not build without its inference engines, so this test sends what its client sends: server/upload.go and
 * server/download.go of ollama 0.17. It never resolves a Location, which must therefore be absolute.
 */
test("a model is pushed and pulled as ollama does it, with server.locations: absolute", async (t) => {
  const { client, host } = await startBerth(new Scope(t), { server: { locations: "absolute" } });
  const weights = seededBytes("weights", 5 * mebibyte + 17);
  const config = Buffer.from('{"model_format":"gguf"}');
  const manifest = manifestOf(config, weights);

  for (const blob of [weights, config]) await pushAsOllama(client, `http://${host}/`, blob);
  const put = await client.request("PUT", `/v2/${name}/manifests/latest`, {
    headers: { "content-type": mediaTypes.dockerManifest },
    body: manifest,
  });
  expectStatus(put, 201, "push of the manifest");

  const pulled = await client.get(`/v2/${name}/manifests/latest`, { accept: mediaTypes.dockerManifest });
  assert.deepEqual(pulled.body, manifest);
  for (const blob of [weights, config]) assert.deepEqual(await pullAsOllama(client, digestOf(blob)), blob);
});

test("a layer that ollama attributes to another model is mounted, or uploaded if that is not true", async (t) => {
  const { client, host } = await startBerth(new Scope(t), { server: { locations: "absolute" } });
  const weights = seededBytes("weights", 17);
  await pushAsOllama(client, `http://${host}/`, weights);
  const mount = (from: string) =>
    client.request("POST", `/v2/library/derived/blobs/uploads/?mount=${digestOf(weights)}&from=${from}`);
  expectStatus(await mount(name), 201, "mount");
  const other = await mount("bartowski/Llama-3.2-1B-Instruct-GGUF");
  expectStatus(other, 202, "mount from a name that is none here");
  assert.ok(locationOf(other).startsWith(`http://${host}/`));
});

/** HEAD; POST; PATCH for each part, with its range; PUT with the digest and ollama's own ETag. */
async function pushAsOllama(client: RegistryClient, base: string, blob: Buffer): Promise<void> {
  const digest = digestOf(blob);
  expectStatus(await client.head(`/v2/${name}/blobs/${digest}`), 404, "HEAD of the blob");
  const started = await client.request("POST", `/v2/${name}/blobs/uploads/`, { headers: { "content-length": 0 } });
  expectStatus(started, 202, "start of an upload");
  let next = nextOf(started, base);
  const partSize = 2 * mebibyte;
  const sums: Buffer[] = [];
  for (let from = 0; from < blob.length; from += partSize) {
    const part = blob.subarray(from, from + partSize);
    const range = `${from}-${from + part.length - 1}`;
    const headers = { "content-type": "application/octet-stream", "content-range": range, "x-redirect-uploads": "1" };
    const answer = await client.request("PATCH", next, { headers, body: part });
    expectStatus(answer, 202, `PATCH of ${range}`);
    next = nextOf(answer, base);
    sums.push(createHash("md5").update(part).digest());
  }
  const last = new URL(next);
  last.searchParams.append("digest", digest);
  last.searchParams.append("etag", `${createHash("md5").update(Buffer.concat(sums)).digest("hex")}-${sums.length}`);
  const headers = { "content-type": "application/octet-stream", "content-length": 0 };
  expectStatus(await client.request("PUT", last.href, { headers }), 201, "closing PUT");
}

function nextOf(answer: Answer, base: string): string {
  const next = answer.headers["docker-upload-location"] ?? locationOf(answer);
  assert.ok(next.startsWith(base), `${next} is no whole address`);
  return next;
}

/** HEAD for the size, then concurrent ranges. */
async function pullAsOllama(client: RegistryClient, digest: Digest): Promise<Buffer> {
  const { headers } = await client.head(`/v2/${name}/blobs/${digest}`);
  const size = Number(headers["content-length"]);
  const starts = Array.from({ length: Math.ceil(size / mebibyte) }, (_, at) => at * mebibyte);
  const parts = starts.map(async (from) => {
    const range = `bytes=${from}-${Math.min(from + mebibyte, size) - 1}`;
    const answer = await client.get(`/v2/${name}/blobs/${digest}`, { range });
    expectStatus(answer, 206, range);
    return answer.body;
  });
  return Buffer.concat(await Promise.all(parts));
}

function manifestOf(config: Buffer, weights: Buffer): Buffer {
  const named = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: named(config, "application/vnd.docker.container.image.v1+json"),
      layers: [named(weights, "application/vnd.ollama.image.model")],
    }),
  );
}
