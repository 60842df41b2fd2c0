import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** An event as a receiver that was written for registry:2 reads it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly action: string;
  readonly target: {
    readonly mediaType?: string;
    readonly digest?: string;
    readonly size?: number;
    readonly length?: number;
    readonly repository: string;
    readonly fromRepository?: string;
    readonly url?: string;
    readonly tag?: string;
    readonly previousDigest?: string;
    readonly count?: number;
  };
  readonly request?: { readonly id: string; readonly method?: string; readonly useragent?: string };
  readonly actor?: { readonly name?: string };
}

/** A receiver of events that keeps what it accepts. */
export class EventReceiver {
  readonly events: ReceivedEvent[] = [];
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  /** What it answers; others than 2xx accept nothing. */
  status = 200;
  /** Called before an event is accepted. */
  look: (event: ReceivedEvent) => Promise<void> = async () => {};
  readonly #server: Server;

  static async start(scope: Scope): Promise<EventReceiver> {
    const receiver = new EventReceiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    scope.defer(() => {
      receiver.#server.closeAllConnections();
      receiver.#server.close();
    });
    return receiver;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      void text(request).then(async (body) => {
        this.requests.push({ headers: request.headers, body });
        if (this.status < 300) {
          const { events }: { events?: ReceivedEvent[] } = JSON.parse(body);
          for (const event of events ?? []) {
            await this.look(event);
            this.events.push(event);
          }
        }
        response.writeHead(this.status).end();
      });
    });
  }

  get url(): string {
    // A TCP server's address is never the path of a pipe.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  /** Those of manifests, blobs left out. */
  get ofManifests(): readonly ReceivedEvent[] {
    return this.events.filter(({ target }) => target.mediaType !== "application/octet-stream");
  }

  received(count: number): Promise<unknown> {
    return waitUntil(`${count} events are received`, () => (this.events.length >= count ? true : undefined));
  }
}
