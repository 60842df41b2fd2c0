import { randomUUID } from "node:crypto";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import type { ClusterKeys } from "./cluster-keys.js";
import { ClusterListener } from "./cluster-listener.js";
import { type HashedBytes, Offers } from "./offers.js";
import { describeReplica, parseReplica, type Replica } from "./replica.js";
import { ReplicaClient, ReplicaError } from "./replica-client.js";

export interface ClusterSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** How others reach this process; without a port, on the one that it listens on. */
  readonly advertise: { readonly host: string; readonly port: number | undefined };
}

/** This process among the replicas: what it offers to others, and how it asks them. */
export class Cluster {
  readonly offers: Offers;
  readonly client: ReplicaClient;
  readonly #self: Replica;
  readonly #listener: ClusterListener;

  /** @throws if it cannot listen */
  static async join(settings: ClusterSettings, keys: ClusterKeys, log: Logger): Promise<Cluster> {
    const [instance, offers] = [randomUUID(), new Offers()];
    const listener = new ClusterListener({ instance, keys, offers, log });
    const listened = await listener.listen(settings.listen);
    const { host, port = listened } = settings.advertise;
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    log.info("listening for other replicas", { address, port: listened });
    return new Cluster({ address, instance }, { offers, listener, client: new ReplicaClient(keys) });
  }

  private constructor(
    self: Replica,
    parts: { readonly offers: Offers; readonly listener: ClusterListener; readonly client: ReplicaClient },
  ) {
    this.#self = self;
    this.offers = parts.offers;
    this.client = parts.client;
    this.#listener = parts.listener;
  }

  /** The digest of bytes that another replica has hashed; `undefined` if it is gone, or has not hashed exactly them. */
  async askHash(holder: string | undefined, bytes: HashedBytes): Promise<Digest | undefined> {
    const replica = this.otherOf(holder);
    if (replica === undefined || this.client.isGivenUp(replica)) return undefined;
    try {
      return await this.client.askHash(replica, bytes);
    } catch (error) {
      if (error instanceof ReplicaError) return undefined;
      throw error;
    }
  }

  /** This process, as others find it. */
  get self(): string {
    return describeReplica(this.#self);
  }

  /** The replica that a text describes; `undefined` if it describes none, or this process. */
  otherOf(text: string | undefined): Replica | undefined {
    const replica = parseReplica(text);
    return replica?.instance === this.#self.instance ? undefined : replica;
  }

  close(): void {
    this.#listener.close();
    this.client.close();
  }
}
