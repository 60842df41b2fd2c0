import { AggregatorRegistry } from "prom-client";

/** One metric of a process, as it is sent between processes. */
interface ReportedMetric {
  readonly name: string;
  readonly help: string;
  /** At run time a word such as `counter`, whatever the types of prom-client say. */
  readonly type: unknown;
  /** How the values of several processes are combined. */
  readonly aggregator: string;
  readonly values: readonly ReportedValue[];
}

interface ReportedValue {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
}

/** The metrics of one process. */
export type MetricsReport = readonly ReportedMetric[];

/** Metrics that prom-client would omit from the sum, or would wrongly add up. */
const aggregators: Readonly<Record<string, string>> = {
  process_start_time_seconds: "min",
  process_max_fds: "max",
};

/**
 * Combines the metrics of several processes. The counts of a process that has ended stay in the sum: if a counter
 * falls, Prometheus takes that for a restart, and everything that it then shows for new events.
 */
export class MetricsSum {
  /** The latest report of each running process. */
  readonly #last = new Map<object, MetricsReport>();
  #ended: Promise<MetricsReport> = Promise.resolve([]);

  report(process: object, report: MetricsReport): void {
    this.#last.set(process, report);
  }

  /** The processes that have reported. */
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

/** The metrics of one process in the text format of Prometheus. */
export function textOf(report: MetricsReport): Promise<string> {
  return added([report]).metrics();
}

function added(reports: readonly MetricsReport[]) {
  return AggregatorRegistry.aggregate(reports.map((report) => report.map(sound)));
}

/** Values that are not numbers yet are omitted; JSON, in which reports are sent, would make them `null`. */
function sound(metric: ReportedMetric): ReportedMetric {
  const values = metric.values.filter(({ value }) => Number.isFinite(value));
  return { ...metric, aggregator: aggregators[metric.name] ?? metric.aggregator, values };
}
