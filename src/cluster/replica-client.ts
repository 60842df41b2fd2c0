import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { BoundedMap } from "../foundation/bounded-map.js";
import { http } from "../foundation/node-http.js";
import { algorithmOf, type Digest, isDigest } from "../oci/digest.js";
import type { ClusterKeys } from "./cluster-keys.js";
import type { HashedBytes } from "./offers.js";
import type { Replica } from "./replica.js";
import { digestHeader, isAnswer, signatureHeader, signRequest, sizeHeader } from "./signatures.js";

/** Between two machines of one network. */
const connectMs = 2_000;

/** If a replica sends nothing for this long, it is asked whether it lives: its upstream may be slow. */
const quietMs = 5_000;
const aliveMs = 2_000;

const rememberedInstances = 1_000;

/** How long a replica that lives but cannot be reached is not asked any more. */
const givenUpForMs = 60_000;

/**
 * What is known of a replica that did not send what it was asked for:
 * - `ended`: its process has certainly ended
 * - `unreachable`: it did not answer, or somebody else answered at its address
 * - `without`: it lives, and does not have it
 */
export type ReplicaFailure = "ended" | "unreachable" | "without";

export class ReplicaError extends Error {
  override readonly name = "ReplicaError";
  readonly failure: ReplicaFailure;

  constructor(failure: ReplicaFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** A blob from a position on, as another replica receives it. */
export interface FollowedBlob {
  /** Bytes of the whole blob, if they are known. */
  readonly size: number | undefined;
  /** Throws a ReplicaError if it breaks off. */
  readonly content: AsyncGenerator<Buffer, void, void>;
  close(): void;
}

/** Asks other replicas for what they are just downloading. */
export class ReplicaClient {
  readonly #keys: ClusterKeys;
  readonly #agent = new http.Agent({ keepAlive: true, maxFreeSockets: 64 });
  /** Instances that have answered: if the port of one is closed later, its process has ended. */
  readonly #reached = new BoundedMap<string, true>(rememberedInstances);

  readonly #givenUp = new BoundedMap<string, true>(rememberedInstances, givenUpForMs);

  constructor(keys: ClusterKeys) {
    this.#keys = keys;
  }

  /** A replica that renews its leases, and does not answer: its address is wrong, or a network policy is in the way. */
  giveUp({ instance }: Replica): void {
    this.#givenUp.set(instance, true);
  }

  isGivenUp({ instance }: Replica): boolean {
    return this.#givenUp.has(instance);
  }

  /**
   * Opens a blob that the replica downloads, as soon as its upstream sends.
   * @throws ReplicaError
   */
  async openBlob(replica: Replica, digest: Digest, position: number, signal: AbortSignal): Promise<FollowedBlob> {
    const asking = new AbortController();
    const ended = AbortSignal.any([signal, asking.signal]);
    const answer = this.#get(replica, `blobs/${digest}/${position}`, ended);
    try {
      const response = await this.#whileAlive(replica, answer, signal);
      const told = Number(response.headers[sizeHeader]);
      return {
        size: Number.isSafeInteger(told) ? told : undefined,
        content: this.#contentOf(replica, response, signal),
        close: () => asking.abort(),
      };
    } catch (error) {
      asking.abort();
      throw error;
    }
  }

  /** @throws ReplicaError if the replica does not answer */
  async requireAlive(replica: Replica, signal?: AbortSignal): Promise<void> {
    const late = AbortSignal.timeout(aliveMs);
    const response = await this.#get(replica, "alive", signal === undefined ? late : AbortSignal.any([late, signal]));
    response.resume();
  }

  /** @throws ReplicaError if the replica has not hashed exactly these bytes */
  async askHash(replica: Replica, { upload, algorithm, size, modifiedMs }: HashedBytes): Promise<Digest> {
    const path = `hashes/${upload}/${algorithm}/${size}/${modifiedMs}`;
    const response = await this.#get(replica, path, AbortSignal.timeout(aliveMs));
    response.resume();
    const digest = String(response.headers[digestHeader]);
    if (isDigest(digest) && algorithmOf(digest) === algorithm) return digest;
    throw new ReplicaError("without", `the replica at ${replica.address} sent no digest`);
  }

  close(): void {
    this.#agent.destroy();
  }

  async *#contentOf(
    replica: Replica,
    response: IncomingMessage,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void, void> {
    const pieces: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = pieces.next().catch((cause: unknown) => {
          signal.throwIfAborted();
          throw new ReplicaError("without", `the replica at ${replica.address} broke off`, { cause });
        });
        const { value, done } = await this.#whileAlive(replica, next, signal);
        if (done === true) return;
        yield value;
      }
    } finally {
      response.destroy();
    }
  }

  /** Waits as long as the replica lives. @throws ReplicaError */
  async #whileAlive<Result>(replica: Replica, result: Promise<Result>, signal: AbortSignal): Promise<Result> {
    result.catch(() => {});
    for (;;) {
      const waiting = new AbortController();
      const quiet = delay(quietMs, "quiet" as const, { signal: waiting.signal }).catch(() => "quiet" as const);
      const first = await Promise.race([result.then((value) => ({ value })), quiet]).finally(() => waiting.abort());
      if (first !== "quiet") return first.value;
      signal.throwIfAborted();
      await this.#requireAliveTwice(replica, signal);
    }
  }

  /** One lost packet is no reason to give a download up. */
  async #requireAliveTwice(replica: Replica, signal: AbortSignal): Promise<void> {
    try {
      await this.requireAlive(replica, signal);
    } catch {
      await this.requireAlive(replica, signal);
    }
  }

  /** @returns a successful answer @throws ReplicaError */
  #get(replica: Replica, what: string, signal: AbortSignal): Promise<IncomingMessage> {
    const path = `/${replica.instance}/${what}`;
    const headers = signRequest(this.#keys, path);
    return new Promise((resolve, reject) => {
      const request = http.get(`http://${replica.address}${path}`, {
        agent: this.#agent,
        headers: { ...headers },
        signal,
      });
      const late = setTimeout(() => request.destroy(new Error("no connection in time")), connectMs);
      request.on("socket", (socket) => {
        if (socket.connecting) socket.once("connect", () => clearTimeout(late));
        else clearTimeout(late);
      });
      request.on("error", (cause) => reject(this.#unanswered(replica, cause)));
      request.on("close", () => clearTimeout(late));
      request.on("response", (response) => {
        // The reader gets the error; until then it must not count as unhandled.
        response.on("error", () => {});
        try {
          resolve(this.#admit(replica, response, headers[signatureHeader]));
        } catch (error) {
          response.destroy();
          reject(error);
        }
      });
    });
  }

  #admit({ address, instance }: Replica, response: IncomingMessage, asked: string): IncomingMessage {
    const { statusCode: status = 0, headers } = response;
    const { [sizeHeader]: told, [digestHeader]: digest } = headers;
    const answer = { status, size: told === undefined ? undefined : Number(told), digest: digest && String(digest) };
    if (!isAnswer(this.#keys, asked, answer, headers[signatureHeader])) {
      const hint = status === 401 ? ": do both have the same key and right clocks?" : "";
      throw new ReplicaError("unreachable", `what answers at ${address} is not the replica (${status})${hint}`);
    }
    if (status === 410) throw new ReplicaError("ended", `the replica at ${address} was restarted`);
    this.#reached.set(instance, true);
    if (status >= 300) throw new ReplicaError("without", `the replica at ${address} does not have it (${status})`);
    return response;
  }

  #unanswered({ address, instance }: Replica, cause: Error): ReplicaError {
    const isClosed = "code" in cause && cause.code === "ECONNREFUSED";
    const failure = isClosed && this.#reached.has(instance) ? "ended" : "unreachable";
    return new ReplicaError(failure, `the replica at ${address} does not answer`, { cause });
  }
}
