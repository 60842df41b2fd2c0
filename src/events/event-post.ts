import { createHmac } from "node:crypto";
import { Deadline, systemClock } from "../upstream/limits/deadline.js";
import { AddressPolicy, resolveByDns } from "../upstream/wire/address-policy.js";
import { Connections } from "../upstream/wire/connections.js";
import type { Environment } from "../upstream/wire/egress-proxy.js";
import { Trust } from "../upstream/wire/trust.js";
import { Wire } from "../upstream/wire/wire.js";
import { cloudEventsIn } from "./cloud-event.js";

export interface PostSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Key of the signature. */
  readonly secret?: string | undefined;
  readonly format: "distribution" | "cloudevents";
  /** Milliseconds for one answer. */
  readonly timeout: number;
}

/** What a receiver answered that does not have the event. */
export class RefusedEventError extends Error {
  override readonly name = "RefusedEventError";
  readonly status: number;

  constructor(status: number) {
    super(`it answered with ${status}`);
    this.status = status;
  }
}

/** What a receiver reads, made of an envelope of the distribution registry's notifications. */
interface Written {
  readonly contentType: string;
  readonly body: Buffer;
}

/** Posts events to one receiver; redirects are answers, and not followed. */
export class EventPost {
  readonly #settings: PostSettings;
  readonly #connections: Connections;
  readonly #wire: Wire;

  constructor(settings: PostSettings, { version, environment }: { version: string; environment: Environment }) {
    const { url, timeout } = settings;
    this.#settings = settings;
    this.#connections = new Connections({
      trust: new Trust({}, environment),
      // If the name of a public receiver now resolves to a private address, nothing is sent there.
      policy: new AddressPolicy({
        hostname: new URL(url).hostname,
        trusted: [],
        network: "auto",
        resolve: resolveByDns,
      }),
      environment,
      connectTimeoutMs: timeout,
      maxIdle: 1,
    });
    this.#wire = new Wire({
      connections: this.#connections,
      userAgent: `berth/${version}`,
      connectTimeoutMs: timeout,
      firstByteTimeoutMs: timeout,
      minimumSpeed: { idleMs: timeout, slowBelow: 0, slowWindowMs: timeout },
    });
  }

  /**
   * @param events the envelope of one or more
   * @returns the status, from 200 to 399 @throws RefusedEventError for any other, or what broke the connection
   */
  async send(events: Buffer, signal: AbortSignal): Promise<number> {
    const { url, headers, secret, timeout, format } = this.#settings;
    const { contentType, body } = format === "cloudevents" ? cloudEventsIn(events) : asInDistribution(events);
    const further = Object.entries(headers).map(([name, values]) => [name, values.join(", ")] as const);
    const signature = secret === undefined ? [] : [["X-Berth-Signature", signatureOf(body, secret)] as const];
    const deadline = new Deadline(signal, timeout, systemClock);
    const answer = await this.#wire.exchange(
      {
        method: "POST",
        url: new URL(url),
        headers: { ...Object.fromEntries([...further, ...signature]), "Content-Type": contentType },
        body,
        audience: "endpoint",
      },
      deadline,
    );
    answer.body.discard();
    if (answer.status < 200 || answer.status >= 400) throw new RefusedEventError(answer.status);
    return answer.status;
  }

  /** Closes idle connections. */
  close(): void {
    this.#connections.close();
  }
}

function asInDistribution(body: Buffer): Written {
  return { contentType: "application/vnd.docker.distribution.events.v2+json", body };
}

function signatureOf(body: Buffer, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}
