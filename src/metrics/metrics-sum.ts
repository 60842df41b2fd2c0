import { AggregatorRegistry } from "prom-client";

/** One metric of a process, as it travels between processes. */
interface ReportedMetric {
  readonly name: string;
  readonly help: string;
  /** At run time a word such as `counter`, whatever prom-client's types say. */
  readonly type: unknown;
  /** How those of several processes become one. */
  readonly aggregator: string;
  readonly values: readonly ReportedValue[];
}

interface ReportedValue {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
}

/** The numbers of one process. */
export type MetricsReport = readonly ReportedMetric[];

/** Where prom-client leaves a metric out when it adds up, or adds what cannot be added. */
const aggregators: Readonly<Record<string, string>> = {
  process_start_time_seconds: "min",
  process_max_fds: "max",
};

/**
 * The numbers of several processes as those of one. What a process that ended has counted stays in the sum: if a counter
 * falls, Prometheus takes it for one that began anew, and all that it shows for what came since.
 */
export class MetricsSum {
  /** What each process that runs told last. */
  readonly #last = new Map<object, MetricsReport>();
  #ended: Promise<MetricsReport> = Promise.resolve([]);

  told(process: object, report: MetricsReport): void {
    this.#last.set(process, report);
  }

  /** Those of which something is counted. */
  get processes(): readonly object[] {
    return [...this.#last.keys()];
  }

  ended(process: object): void {
    const counted = this.#last.get(process)?.filter(({ type }) => type === "counter" || type === "histogram");
    this.#last.delete(process);
    if (counted === undefined) return;
    this.#ended = this.#ended.then((before) => added([before, counted]).getMetricsAsJSON());
  }

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    return added([...this.#last.values(), await this.#ended]).metrics();
  }
}

/** The numbers of one process in the text format of Prometheus. */
export function textOf(report: MetricsReport): Promise<string> {
  return added([report]).metrics();
}

function added(reports: readonly MetricsReport[]) {
  return AggregatorRegistry.aggregate(reports.map((report) => report.map(sound)));
}

/** What has no number yet is left out; JSON, which carries reports, would make it `null`. */
function sound(metric: ReportedMetric): ReportedMetric {
  const values = metric.values.filter(({ value }) => Number.isFinite(value));
  return { ...metric, aggregator: aggregators[metric.name] ?? metric.aggregator, values };
}
