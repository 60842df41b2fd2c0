import { Counter, Histogram, type MetricObjectWithValues, type MetricValueWithName, type Registry } from "prom-client";

/*
 * Counters and histograms for events that happen many thousands of times a second. prom-client builds a string of the
 * labels for each observation, which costs up to a twentieth of a small answer. Here the caller looks up the labels
 * once, and keeps the cell.
 */

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: Registry[];
}

/** One counter with its labels. */
export class CounterCell {
  value = 0;
  readonly labels: Labels;

  constructor(labels: Labels) {
    this.labels = labels;
  }
}

/** Counters of one name. */
export class TalliedCounter extends Counter {
  readonly #cells: CounterCell[] = [];

  constructor(family: Family) {
    super({ ...family, labelNames: [...family.labelNames] });
  }

  /** Keep the cell: a second one with the same labels would be a separate counter. */
  cell(labels: Labels): CounterCell {
    const cell = new CounterCell(labels);
    this.#cells.push(cell);
    return cell;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const found = await super.get();
    // prom-client shows a name for each value only for parts of a histogram.
    const values = this.#cells.map(({ labels, value }) => ({ labels, value, metricName: found.name }));
    return { ...found, values };
  }
}

/** One histogram with its labels. */
export class HistogramCell {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  /** Observations up to each bound and above the one before; the last entry counts those above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let place = 0;
    // Most values are small, so the lowest bounds are checked first.
    while (place < bounds.length && value > (bounds[place] ?? 0)) place++;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += value;
  }

  valuesOf(name: string): MetricValueWithName<string>[] {
    let count = 0;
    const buckets = this.#counts.map((inBucket, place) => {
      count += inBucket;
      const le = this.#bounds[place] ?? "+Inf";
      return { metricName: `${name}_bucket`, labels: { le, ...this.labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.labels, value: count },
    ];
  }
}

/** Histograms of one name. */
export class TalliedHistogram extends Histogram {
  readonly #cells: HistogramCell[] = [];
  readonly #bounds: readonly number[];

  constructor({ buckets, ...family }: Family & { readonly buckets: readonly number[] }) {
    super({ ...family, labelNames: [...family.labelNames], buckets: [...buckets] });
    this.#bounds = buckets;
  }

  /** Keep the cell: a second one with the same labels would be a separate histogram. */
  cell(labels: Labels): HistogramCell {
    const cell = new HistogramCell(labels, this.#bounds);
    this.#cells.push(cell);
    return cell;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const found = await super.get();
    return { ...found, values: this.#cells.flatMap((cell) => cell.valuesOf(found.name)) };
  }
}
