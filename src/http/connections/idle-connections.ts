import type { Connection } from "./connection.js";

/** One client's connections. */
interface Holding {
  open: number;
  /** The longest idle first. */
  readonly idle: Set<Connection>;
}

/** Knows which connection gives way when there is no place for a further one. */
export class IdleConnections {
  readonly #byClient = new Map<string, Holding>();

  /** From now on the connection itself says when it is idle. */
  opened(connection: Connection): void {
    const { network } = connection.caller;
    const holding = this.#byClient.get(network) ?? { open: 0, idle: new Set() };
    this.#byClient.set(network, holding);
    holding.open++;
    holding.idle.add(connection);
    connection.idleAmong = holding.idle;
  }

  closed(connection: Connection): void {
    const { network } = connection.caller;
    const holding = this.#byClient.get(network);
    connection.idleAmong = undefined;
    if (holding === undefined) return;
    holding.idle.delete(connection);
    if (--holding.open === 0) this.#byClient.delete(network);
  }

  /** Of the client that has the most connections, the one that is idle longest; `undefined` if all are busy. */
  first(): Connection | undefined {
    let most: Holding | undefined;
    for (const holding of this.#byClient.values()) {
      if (holding.idle.size > 0 && holding.open > (most?.open ?? 0)) most = holding;
    }
    const [longest] = most?.idle ?? [];
    return longest;
  }
}
