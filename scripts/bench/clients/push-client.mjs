import { createHash } from "node:crypto";
import { Agent, request } from "node:http";

/** Pushes over kept connections, as a client that does exactly what the specification requires. */
export class PushClient {
  #base;
  #agent = new Agent({ keepAlive: true });

  constructor(port) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  /** POST, then PUT with the whole blob. */
  async pushBlob(repository, bytes) {
    const location = await this.startUpload(repository);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    await this.finishUpload(location, digest, bytes);
    return { digest, size: bytes.length };
  }

  async startUpload(repository) {
    const { location } = await this.#send("POST", `/v2/${repository}/blobs/uploads/`, 202);
    return location;
  }

  /** Streams what `send` writes into the session, and returns the session's next location. */
  async appendUpload(location, send) {
    const headers = { "content-type": "application/octet-stream" };
    const answer = await this.#send("PATCH", location, 202, { headers, send });
    return answer.location;
  }

  async finishUpload(location, digest, bytes) {
    const separator = location.includes("?") ? "&" : "?";
    const headers = { "content-type": "application/octet-stream" };
    await this.#send("PUT", `${location}${separator}digest=${digest}`, 201, { headers, bytes });
  }

  async pushManifest({ repository, tag, mediaType, bytes }) {
    const headers = { "content-type": mediaType };
    await this.#send("PUT", `/v2/${repository}/manifests/${tag}`, 201, { headers, bytes });
  }

  close() {
    this.#agent.destroy();
  }

  #send(method, path, expectedStatus, { headers = {}, bytes = Buffer.alloc(0), send } = {}) {
    const length = send === undefined ? { "content-length": bytes.length } : {};
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, this.#base), {
        method,
        agent: this.#agent,
        headers: { ...length, ...headers },
      });
      outgoing.on("error", reject).on("response", (response) => {
        response.resume().on("error", reject);
        response.on("end", () => {
          if (response.statusCode === expectedStatus) resolve(response.headers);
          else reject(new Error(`${method} ${path}: ${response.statusCode}`));
        });
      });
      if (send === undefined) outgoing.end(bytes);
      else send(outgoing).catch(reject);
    });
  }
}
