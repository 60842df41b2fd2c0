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

  opened(connection: Connection): void {
    const holding = this.#byClient.get(connection.client) ?? { open: 0, idle: new Set() };
    this.#byClient.set(connection.client, holding);
    holding.open++;
    holding.idle.add(connection);
  }

  closed(connection: Connection): void {
    const holding = this.#byClient.get(connection.client);
    if (holding === undefined) return;
    holding.idle.delete(connection);
    if (--holding.open === 0) this.#byClient.delete(connection.client);
  }

  becameBusy(connection: Connection): void {
    this.#byClient.get(connection.client)?.idle.delete(connection);
  }

  becameIdle(connection: Connection): void {
    this.#byClient.get(connection.client)?.idle.add(connection);
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
