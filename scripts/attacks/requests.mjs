import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { connect } from "node:net";

export const imageType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";

export function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Resolves with the status when the whole response is here. An agent of HTTPS decides that it is requested so. */
export function ask(port, method, path, { body, headers = {}, agent = false, signal, timeout = 20_000 } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, agent, signal, timeout };
    const request = agent instanceof TlsAgent ? httpsRequest : httpRequest;
    const sent = request({ ...options, headers: { "content-length": body?.length ?? 0, ...headers } }, (answer) => {
      answer
        .resume()
        .on("end", () => resolve(answer.statusCode))
        .on("error", reject);
    });
    sent
      .on("error", reject)
      .on("timeout", () => sent.destroy(new Error(`no answer for ${timeout / 1000} s`)))
      .end(body);
  });
}

export async function pushBlob(port, name, bytes, options) {
  const digest = digestOf(bytes);
  const status = await ask(port, "POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes, ...options });
  if (status !== 201) throw new Error(`a blob was answered with ${status}`);
  return { mediaType: "application/octet-stream", digest, size: bytes.length };
}

export function putManifest(port, name, reference, manifest, { type = imageType, ...options } = {}) {
  const body = Buffer.isBuffer(manifest) ? manifest : Buffer.from(JSON.stringify(manifest));
  const headers = { "content-type": type };
  return ask(port, "PUT", `/v2/${name}/manifests/${reference ?? digestOf(body)}`, { body, headers, ...options });
}

export async function pushImage(port, name, tag, options) {
  const config = await pushBlob(port, name, Buffer.from("{}"), options);
  const layers = [await pushBlob(port, name, randomBytes(20_000), options)];
  const status = await putManifest(
    port,
    name,
    tag,
    { schemaVersion: 2, mediaType: imageType, config, layers },
    options,
  );
  if (status !== 201) throw new Error(`a manifest was answered with ${status}`);
}

/** A connection without a protocol, for attackers to write to; its end is not an error to them. */
export function rawConnection(port, signal) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  signal.addEventListener("abort", () => socket.destroy(), { once: true });
  return socket;
}

/** Repeats an action, in parallel, until the signal is aborted. */
export async function repeat(signal, places, action) {
  const one = async (place) => {
    for (let round = 0; !signal.aborted; round++) {
      await action(place, round).catch(() => {});
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: places }, (_, place) => one(place)));
}
