import { BoundedMap } from "../../foundation/bounded-map.js";
import { Pace, type PaceSettings } from "../../foundation/pace.js";
import { Semaphore } from "../../foundation/semaphore.js";
import { RegistryError } from "../../oci/errors.js";
import type { Caller, Context } from "../../registry/context.js";

/** Somebody who stops a pull of a large image abandons a dozen downloads, and may do so again. */
const defaultPace: PaceSettings = { perSecond: 8, atOnce: 32 };
const rememberedClients = 10_000;

/** containerd gives up after 30 s. */
const longestWaitMs = 20_000;
const retrySeconds = 10;

interface Abandoning {
  readonly pace: Pace;
  /** The client's next downloads wait here, one behind the other. */
  readonly line: Semaphore;
}

/**
 * To begin a download and give it up costs several times what its client pays: a connection to the upstream, a file and
 * a lock. A client that has left many behind therefore begins the next ones at a pace. Nobody else waits, and neither
 * does that client for what is stored or already being downloaded.
 */
export class AbandonedDownloads {
  readonly #pace: PaceSettings;
  /** By the network that counts as one client. */
  readonly #clients = new BoundedMap<string, Abandoning>(rememberedClients);

  constructor(pace = defaultPace) {
    this.#pace = pace;
  }

  /** A download was given up because this client has left. */
  note({ network }: Caller): void {
    let client = this.#clients.get(network);
    if (client === undefined) {
      const pace = new Pace(this.#pace);
      client = { pace, line: new Semaphore(1, pace) };
      this.#clients.set(network, client);
    }
    client.pace.count(1);
  }

  /** Waits until the client may begin another download. @throws RegistryError TOOMANYREQUESTS if that takes too long */
  async untilMayBegin({ caller, signal }: Pick<Context, "caller" | "signal">): Promise<void> {
    const client = this.#clients.get(caller.network);
    if (client === undefined) return;
    const { pace, line } = client;
    if (pace.delayMs() === 0 && line.waiting === 0) return;
    // The next one would wait longer than that: it is refused at once.
    if (pace.delayMs() > longestWaitMs) throw tooMany();
    const late = AbortSignal.timeout(longestWaitMs);
    try {
      const release = await line.acquire({ signal: AbortSignal.any([signal, late]) });
      // Counted before it is known whether this one is abandoned too: otherwise all that wait would begin together.
      pace.count(1);
      release();
    } catch (error) {
      throw error === late.reason ? tooMany() : error;
    }
  }
}

function tooMany(): RegistryError {
  const message = "this client has left too many downloads before their end; retry in a moment";
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": String(retrySeconds) } });
}
