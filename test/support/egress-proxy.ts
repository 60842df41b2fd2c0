import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Scope } from "./scope.js";

/** A company's proxy to the internet: only it resolves names, here all to one address. */
export class EgressProxy {
  /** Its requests: `CONNECT host:port` or `GET http://host/path`. */
  readonly asked: string[] = [];
  /** The `Proxy-Authorization` it wants, if any. */
  login: string | undefined;
  readonly #server: Server;
  readonly #address: string;

  private constructor(address: string) {
    this.#address = address;
    this.#server = createServer((request, response) => this.#forward(request, response));
    this.#server.on("connect", (request, socket) => this.#tunnel(request, socket));
  }

  static async start(scope: Scope, address = "127.0.0.1"): Promise<EgressProxy> {
    const proxy = new EgressProxy(address);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    scope.defer(() => {
      proxy.#server.close();
      proxy.#server.closeAllConnections();
    });
    return proxy;
  }

  get url(): string {
    // The address of a server on a port always has a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #tunnel(request: IncomingMessage, client: Duplex): void {
    client.on("error", () => {});
    this.asked.push(`CONNECT ${request.url}`);
    if (!this.#isWelcome(request)) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const port = Number(request.url?.split(":").at(-1));
    const target = connect(port, this.#address, () => client.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    target.on("error", () => client.destroy());
    client.on("close", () => target.destroy());
    target.on("close", () => client.destroy());
    target.pipe(client).pipe(target);
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(`${request.method} ${request.url}`);
    if (!this.#isWelcome(request)) {
      response.writeHead(407).end();
      return;
    }
    const { port, pathname, search } = new URL(request.url ?? "");
    const { method, headers } = request;
    const onward = httpRequest({ host: this.#address, port, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    onward.end();
  }

  #isWelcome(request: IncomingMessage): boolean {
    return this.login === undefined || request.headers["proxy-authorization"] === this.login;
  }
}
