import type { Connection } from "./connection.js";

/** One client's connections. */
interface Holding {
  open: number;
  /** The longest idle one first. */
  readonly idle: Set<Connection>;
}

/** Knows which connection gives way if there is no room for another one. */
export class IdleConnections {
  readonly #byClient = new Map<string, Holding>();

  /** From now on, the connection reports when it is idle. */
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

  /** The longest idle connection of the client with the most connections; `undefined` if all are busy. */
  first(): Connection | undefined {
    let most: Holding | undefined;
    for (const holding of this.#byClient.values()) {
      if (holding.idle.size > 0 && holding.open > (most?.open ?? 0)) most = holding;
    }
    const [longest] = most?.idle ?? [];
    return longest;
  }
}
