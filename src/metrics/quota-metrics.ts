import { Gauge, type Registry } from "prom-client";

/** A quota of private repositories. */
export interface ObservedQuota {
  /** The patterns of the repositories that share it. */
  readonly repositories: readonly string[];
  /** Bytes. */
  readonly limit: number;
  /** Bytes; `undefined` if they were never counted. */
  readonly used: number | undefined;
}

/** How full quotas are. The storage has a record of it, so every process knows it, and a scrape counts nothing. */
export class QuotaMetrics {
  quotas: () => Promise<readonly ObservedQuota[]> = async () => [];

  constructor(registers: Registry[]) {
    this.#add(registers, {
      name: "berth_quota_used_bytes",
      help: "Bytes of a quota of private repositories that are used, as last counted, and all pushed since.",
      value: ({ used }) => used,
    });
    this.#add(registers, {
      name: "berth_quota_limit_bytes",
      help: "Bytes that a quota of private repositories allows.",
      value: ({ limit }) => limit,
    });
  }

  #add(
    registers: Registry[],
    { name, help, value }: { name: string; help: string; value: (quota: ObservedQuota) => number | undefined },
  ): void {
    const quotas = () => this.quotas();
    new Gauge({
      name,
      help,
      labelNames: ["quota"],
      aggregator: "max",
      registers,
      async collect() {
        this.reset();
        for (const quota of await quotas()) {
          const bytes = value(quota);
          if (bytes !== undefined) this.set({ quota: quota.repositories.join(",") }, bytes);
        }
      },
    });
  }
}
