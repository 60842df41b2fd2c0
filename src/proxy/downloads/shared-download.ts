import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "../../cluster/cluster.js";
import type { GrowingBlob } from "../../cluster/offers.js";
import type { Replica } from "../../cluster/replica.js";
import { ReplicaError } from "../../cluster/replica-client.js";
import { LockError } from "../../oci/storage-error.js";
import type { LeadOptions } from "../../storage/cache/download-store.js";
import { keep, type RunningDownload } from "./fetch-blob.js";
import { FollowedReplica } from "./followed-replica.js";

/** How long a replica is looked for that does not answer; one that has died has not renewed its lease for that long. */
const silentMs = 4_500;
/** A replica that renews its lease for this long, and still sends nothing, is not waited for. */
const patienceMs = 7_000;
const againMs = 250;

/** While another replica stores what is complete, which may take minutes, it is asked this often whether it lives. */
const storingMs = 2_000;

/** What a download can do by itself. */
export interface OwnSteps {
  /** The size of the blob, if it is stored by now. */
  stored(signal: AbortSignal): Promise<number | undefined>;
  /** Fetches it from the upstream, and stores it. */
  fetch(signal: AbortSignal): Promise<number>;
  /** Asks the upstream whether it has the blob. */
  confirm(signal: AbortSignal): Promise<void>;
  readonly offered: GrowingBlob;
}

/**
 * A download of a blob that other replicas may want, too. The one that holds the lease of the digest fetches it, and
 * the others read from that one what has arrived. If it dies, one of them takes over, from the bytes that it has.
 */
export class SharedDownload {
  readonly #download: RunningDownload;
  readonly #cluster: Cluster;
  readonly #steps: OwnSteps;
  readonly #followed: FollowedReplica;

  constructor(download: RunningDownload, cluster: Cluster, steps: OwnSteps) {
    this.#download = download;
    this.#cluster = cluster;
    this.#steps = steps;
    this.#followed = new FollowedReplica(download, cluster.client, (signal) => steps.confirm(signal));
  }

  /** @returns the size of the blob, which is stored now */
  async obtain(signal: AbortSignal): Promise<number> {
    this.#download.state.asked();
    let ended: LeadOptions["ended"];
    let failingSince: number | undefined;
    for (;;) {
      const led = await this.#tryToLead(signal, ended);
      if (typeof led === "number") return led;
      const replica = this.#cluster.otherOf(led.holder);
      if (replica === undefined || this.#cluster.client.isGivenUp(replica)) return this.#fetchOrKeep(signal);
      const before = this.#followed.length;
      const failure = await this.#follow(replica, signal);
      if (failure === undefined || this.#followed.length > before) failingSince = undefined;
      if (failure === undefined) continue;
      failingSince ??= performance.now();
      if (performance.now() - failingSince > patienceMs) return this.#goOnAlone(replica, failure, signal);
      ended = endedAfter(failure, led.holder);
      await delay(againMs, undefined, { signal });
    }
  }

  /** @returns the size, or who leads */
  async #tryToLead(
    signal: AbortSignal,
    ended: LeadOptions["ended"],
  ): Promise<number | { readonly holder: string | undefined }> {
    const { wanted, storage } = this.#download;
    signal.throwIfAborted();
    const options = {
      waitMs: this.#followed.isWhole ? storingMs : 0,
      holder: this.#cluster.self,
      ...(ended && { ended }),
    };
    try {
      return await storage.downloads.lead(
        wanted.digest,
        (lost) => this.#lead(AbortSignal.any([signal, lost])),
        options,
      );
    } catch (error) {
      if (error instanceof LockError && error.reason === "held") return { holder: error.holder };
      throw error;
    }
  }

  async #lead(signal: AbortSignal): Promise<number> {
    const stopOffering = this.#cluster.offers.offer(this.#download.wanted.digest, this.#steps.offered);
    try {
      return await this.#fetchOrKeep(signal);
    } finally {
      stopOffering();
    }
  }

  async #fetchOrKeep(signal: AbortSignal): Promise<number> {
    const { wanted, storage, state } = this.#download;
    const stored = await this.#steps.stored(signal);
    if (stored !== undefined) {
      if (state.readable > 0 && !this.#followed.isWhole) await this.#followed.readStored();
      await storage.downloads.drop(wanted.digest);
      return stored;
    }
    if (!this.#followed.isWhole) return this.#steps.fetch(signal);
    // The replica that has fetched it has died before it was stored.
    await keep(this.#download, storage.downloads.staged(wanted.digest));
    return this.#followed.length;
  }

  /** @returns why it sent less than the whole */
  async #follow(replica: Replica, signal: AbortSignal): Promise<ReplicaError | undefined> {
    try {
      if (this.#followed.isWhole) await this.#cluster.client.requireAlive(replica, signal);
      else await this.#followed.read(replica, signal);
      return undefined;
    } catch (error) {
      if (!(error instanceof ReplicaError)) throw error;
      const { digest } = this.#download.wanted;
      this.#download.log.debug("another replica sent less than the whole blob", {
        digest,
        at: this.#followed.length,
        error,
      });
      return error;
    }
  }

  #goOnAlone(replica: Replica, failure: ReplicaError, signal: AbortSignal): Promise<number> {
    const { wanted, log } = this.#download;
    this.#cluster.client.giveUp(replica);
    log.warn("another replica downloads a blob but does not send it, so it is downloaded here, too", {
      replica: replica.address,
      digest: wanted.digest,
      cause: failure,
    });
    return this.#fetchOrKeep(signal);
  }
}

function endedAfter({ failure }: ReplicaError, holder = ""): LeadOptions["ended"] {
  switch (failure) {
    case "ended":
      return { holder, afterMs: 0 };
    case "unreachable":
      return { holder, afterMs: silentMs };
    case "without":
      return undefined;
  }
}
