import { once } from "node:events";
import { Agent, createServer, request } from "node:http";

/** Passes requests on to the store, and counts them by kind, such as "GET layer link". */
export class CountingRelay {
  counts = new Map();
  #server;

  static async start(port) {
    const agent = new Agent({ keepAlive: true });
    const relay = new CountingRelay();
    relay.#server = createServer((incoming, response) => {
      relay.#count(kindOf(incoming));
      const { method, url, headers } = incoming;
      // The host stays as it is: it is part of the signature.
      const outgoing = request({ host: "127.0.0.1", port, method, path: url, headers, agent }, (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      });
      outgoing.on("error", () => response.destroy());
      response.on("close", () => outgoing.destroy());
      incoming.pipe(outgoing);
    });
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get endpoint() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** What was counted since the last time. */
  take() {
    const counts = this.counts;
    this.counts = new Map();
    return counts;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #count(kind) {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** In this order: the first pattern that matches the key names the kind. */
const kinds = [
  [/\/_layers\/.*\/link$/, "layer link"],
  [/\/revisions\/.*\/link$/, "revision link"],
  [/\/current\/link$/, "tag link"],
  [/\/index\/.*\/link$/, "tag history"],
  [/\/_tagged\//, "tag record"],
  [/\/blobs\/.*\/data$/, "blob"],
  [/\.berth\/(\w+)/, (match) => `.berth/${match[1]}`],
  [/\/_uploads\/[^/]+\/(\w+)/, (match) => `upload ${match[1]}`],
];

function kindOf({ method, url, headers }) {
  const { pathname, searchParams } = new URL(url, "http://store");
  const path = decodeURIComponent(pathname);
  const key = searchParams.get("prefix") ?? path;
  const copied = "x-amz-copy-source" in headers ? " copy" : "";
  const action = ["uploads", "uploadId", "partNumber", "delete", "list-type"].filter((name) => searchParams.has(name));
  const found = kinds.find(([pattern]) => pattern.test(key));
  const name = found === undefined ? key.split("/").slice(-2).join("/") : nameOf(found, key);
  return [`${method}${copied}`, ...action, name].join(" ");
}

function nameOf([pattern, name], key) {
  return typeof name === "string" ? name : name(pattern.exec(key));
}
