import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { http } from "../foundation/node-http.js";
import type { Logger } from "../observability/logger.js";

export interface MetricsListenerSettings {
  readonly host: string;
  readonly port: number;
  /** If `undefined`, there are no metrics, only answers to probes. */
  readonly path: string | undefined;
}

/** The content type of Prometheus' text format. */
const textFormat = "text/plain; version=0.0.4; charset=utf-8";

/** Prometheus keeps one connection, so that many more are suspect. */
const maxConnections = 100;
const headersTimeoutMs = 10_000;

/** Answers Prometheus, and probes that expect a separate port, as registry:2 has. */
export class MetricsListener {
  readonly #settings: MetricsListenerSettings;
  readonly #text: () => Promise<string>;
  readonly #log: Logger;
  readonly #server: Server;

  /** @param text returns the current metrics */
  constructor(settings: MetricsListenerSettings, text: () => Promise<string>, log: Logger) {
    this.#settings = settings;
    this.#text = text;
    this.#log = log;
    const options = { headersTimeout: headersTimeoutMs, requestTimeout: headersTimeoutMs };
    this.#server = http.createServer(options, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = maxConnections;
  }

  /** @returns the port @throws if the address or the port is not available */
  async listen(): Promise<number> {
    const { host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      // By default, node listens on IPv4 addresses only if the machine has no IPv6.
      this.#server.listen(host === "::" ? { port } : { host, port }, resolve);
    });
    this.#server.on("error", (cause) =>
      this.#log.error("a connection to the metrics port could not be accepted", { cause }),
    );
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "only GET\n");
    if (path === "/healthz" || path === "/debug/health") return send(response, 200, "{}", "application/json");
    if (path !== this.#settings.path) return send(response, 404, "not found\n");
    try {
      send(response, 200, await this.#text(), textFormat);
    } catch (cause) {
      this.#log.error("metrics could not be collected", { cause });
      send(response, 500, "metrics could not be collected: see the log\n");
    }
  }
}

function send(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  const headers = { "Content-Type": type, "Content-Length": Buffer.byteLength(text), "Cache-Control": "no-store" };
  response.writeHead(status, headers).end(text);
}
