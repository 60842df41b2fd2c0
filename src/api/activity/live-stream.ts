import type { Exchange } from "../../http/exchange.js";
import type { Handler } from "../../http/handlers/handler.js";
import { RegistryError } from "../../oci/errors.js";
import { notStored, requireWelcome } from "../answers.js";

/** Clients of this process. Each costs a connection and some kilobytes. */
const mostClients = 500;
const retrySeconds = "30";

/** Keeps proxies from closing the connection. */
const commentEachMs = 20_000;

/** The client then connects again, with the credentials that it has by then. */
const longestMs = 10 * 60_000;

interface LiveTiming {
  /** News are sent so often. */
  readonly eachMs: number;
  /** A client that has not read what was sent for so long is gone. */
  readonly unreadMs: number;
}

const usualTiming: LiveTiming = { eachMs: 1_000, unreadMs: 30_000 };

/** A kind of event, and its content for a client, which is sent when it changes. */
export type LiveTopics = Readonly<Record<string, (exchange: Exchange) => Promise<unknown>>>;

interface LiveClient {
  readonly exchange: Exchange;
  readonly openedAt: number;
  /** What was sent last, by topic. */
  readonly sent: Map<string, string>;
  sentAt: number;
  /** Since when it has not read what was written. */
  unreadSince: number | undefined;
}

/**
 * Sends what changes to those who watch, as server-sent events (HTML standard, section 9.2). Nothing is kept for a
 * client that reads slowly: it gets the latest state when it reads again. Without clients there is no work.
 */
export class LiveStream {
  readonly #topics: LiveTopics;
  readonly #timing: LiveTiming;
  readonly #clients = new Set<LiveClient>();
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(topics: LiveTopics, timing = usualTiming) {
    this.#topics = topics;
    this.#timing = timing;
  }

  /** Answers a client until it leaves. */
  readonly open: Handler = async (exchange) => {
    requireWelcome(exchange);
    if (this.#clients.size >= mostClients) {
      throw new RegistryError("UNAVAILABLE", "too many clients are watching this registry; poll instead", {
        headers: { "Retry-After": retrySeconds },
      });
    }
    // A reverse proxy that collects answers would delay the events (nginx, proxy_buffering).
    const headers = { ...notStored, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    exchange.response.writeHead(200, headers);
    if (exchange.request.method === "HEAD") {
      exchange.response.end();
      return;
    }
    const now = performance.now();
    const client = { exchange, openedAt: now, sentAt: now, sent: new Map(), unreadSince: undefined };
    this.#clients.add(client);
    exchange.whenOver(() => this.#leave(client));
    exchange.onServerStop = () => exchange.response.end();
    this.#timer ??= setInterval(() => void this.#sendToAll(), this.#timing.eachMs).unref();
    exchange.response.write("retry: 3000\n\n");
    await this.#send(client);
  };

  /** Ends all streams: their clients connect again. */
  close(): void {
    for (const { exchange } of this.#clients) exchange.response.end();
  }

  #leave(client: LiveClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #sendToAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (const client of [...this.#clients]) await this.#send(client);
    } finally {
      this.#isSending = false;
    }
  }

  async #send(client: LiveClient): Promise<void> {
    const { exchange, openedAt } = client;
    const { response } = exchange;
    const now = performance.now();
    if (now - openedAt > longestMs) response.end();
    else if (response.writableNeedDrain) this.#waitForReader(client, now);
    else {
      client.unreadSince = undefined;
      const text = await this.#news(client);
      if (response.writableEnded) return;
      if (text !== "") this.#write(client, text, now);
      else if (now - client.sentAt > commentEachMs) this.#write(client, ":\n\n", now);
    }
  }

  #write(client: LiveClient, text: string, now: number): void {
    client.sentAt = now;
    client.exchange.sent += Buffer.byteLength(text);
    client.exchange.response.write(text);
  }

  #waitForReader(client: LiveClient, now: number): void {
    client.unreadSince ??= now;
    if (now - client.unreadSince > this.#timing.unreadMs) client.exchange.response.destroy();
  }

  /** Events for what has changed since the client was last told. */
  async #news({ exchange, sent }: LiveClient): Promise<string> {
    let text = "";
    for (const [topic, contentOf] of Object.entries(this.#topics)) {
      const content = await contentOf(exchange).catch(() => undefined);
      const json = content === undefined ? undefined : JSON.stringify(content);
      if (json === undefined || sent.get(topic) === json) continue;
      sent.set(topic, json);
      text += `event: ${topic}\ndata: ${json}\n\n`;
    }
    return text;
  }
}
