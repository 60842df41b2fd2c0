import { once } from "node:events";
import { createServer } from "node:http";
import { digestOf, imageType } from "./requests.mjs";

/** A registry that has every image; its layers never end, and its lists are as long as requested. */
export class HostileUpstream {
  #server;

  static async start() {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new HostileUpstream(server);
  }

  constructor(server) {
    this.#server = server;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The digest of a blob that can never be verified. */
export function endlessDigest(number) {
  return `sha256:${number.toString(16).padStart(64, "0")}`;
}

const cachedBytes = 2 * 1024 * 1024;
const cached = new Map();

/** The digest of a correct layer. */
export function cachedDigest(number) {
  const digest = digestOf(contentOf(number));
  cached.set(digest, number);
  return digest;
}

function contentOf(number) {
  return Buffer.alloc(cachedBytes, `layer ${number} `);
}

function answer(request, response) {
  response.on("error", () => {});
  const [, kind] = /\/(manifests|blobs|tags|referrers)\//.exec(request.url ?? "") ?? [];
  if (kind === "manifests") sendManifest(request, response);
  else if (kind === "blobs") sendBlob(request, response);
  else if (kind === "tags") sendTags(response);
  else response.end("{}");
}

function sendManifest(request, response) {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: endlessDigest(1), size: 1e9 };
  const body = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: imageType, config, layers: [], annotations: { url: request.url } }),
  );
  response.writeHead(200, {
    "content-type": imageType,
    "content-length": body.length,
    "docker-content-digest": digestOf(body),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function sendBlob(request, response) {
  const number = cached.get(request.url.slice(request.url.lastIndexOf("/") + 1));
  if (number === undefined) return sendEndlessly(request, response);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": cachedBytes });
  response.end(request.method === "HEAD" ? undefined : contentOf(number));
}

/** Slowly, since bytes at full speed would only test the machine. */
function sendEndlessly(request, response) {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  if (request.method === "HEAD") return response.end();
  const sending = setInterval(() => response.write(Buffer.alloc(50_000)), 50);
  response.on("close", () => clearInterval(sending));
}

function sendTags(response) {
  const tags = Array.from({ length: 100_000 }, (_, number) => `tag-${number}-${"x".repeat(60)}`);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ name: "any", tags }));
}
