import { strict as assert } from "node:assert";
import { mediaTypes } from "../../../src/oci/media-types.js";
import type { Answer, RegistryClient } from "../registry-client.js";
import type { OddImage } from "./oddity.js";

const accept = Object.values(mediaTypes).join(", ");
/** How long a client waits for a whole response. */
const patienceMs = 20_000;

/**
 * Pulls an image as containerd and docker do: HEAD of the tag, GET by digest and by tag, all blobs. Throws the first
 * error.
 */
export async function pullImage(client: RegistryClient, image: OddImage): Promise<void> {
  const { name, digest, manifest } = image;
  const ask = (method: string, path: string) =>
    client.request(method, `/v2/${name}/${path}`, { headers: { accept }, signal: AbortSignal.timeout(patienceMs) });
  const head = await told("HEAD of the tag", () => ask("HEAD", "manifests/v1"));
  assert.equal(head.status, 200, `HEAD of the tag: ${head.status}`);
  assert.equal(head.headers["docker-content-digest"], digest, "HEAD of the tag: another digest");
  for (const reference of [digest, "v1"]) {
    expectBytes(
      `manifest by ${reference === "v1" ? "tag" : "digest"}`,
      await told("manifest", () => ask("GET", `manifests/${reference}`)),
      manifest,
    );
  }
  for (const [blob, bytes] of image.blobs) {
    expectBytes("blob", await told("blob", () => ask("GET", `blobs/${blob}`)), bytes);
    const there = await told("HEAD of a blob", () => ask("HEAD", `blobs/${blob}`));
    assert.equal(there.status, 200, `HEAD of a blob: ${there.status}`);
    const { "content-length": length = String(bytes.length) } = there.headers;
    assert.equal(length, String(bytes.length), "HEAD of a blob: wrong length");
  }
}

function expectBytes(what: string, answer: Answer, bytes: Buffer): void {
  assert.equal(answer.status, 200, `${what}: ${answer.status}`);
  assert.ok(answer.body.equals(bytes), `${what}: other bytes`);
}

/** Adds what was requested to a network error. */
async function told<Result>(what: string, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const isSlow = error instanceof Error && error.name === "AbortError";
    throw new Error(`${what}: ${isSlow ? `nothing within ${patienceMs / 1000} s` : "broken off"}`, { cause: error });
  }
}
