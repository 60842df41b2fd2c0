import { strict as assert } from "node:assert";
import { test } from "node:test";
import { MetricsSum } from "../../../src/metrics/metrics-sum.js";
import { readMetrics } from "../../support/metered-berth.js";

function report(pulls: number, running: number) {
  return [
    { name: "pulls_total", help: "Pulls.", type: "counter", aggregator: "sum", values: [{ value: pulls, labels: {} }] },
    { name: "running", help: "Run.", type: "gauge", aggregator: "sum", values: [{ value: running, labels: {} }] },
    { name: "size", help: "Size.", type: "gauge", aggregator: "max", values: [{ value: running, labels: {} }] },
  ];
}

test("the metrics of several processes are added up, except a size that all of them know: there, the largest counts", async () => {
  const sum = new MetricsSum();
  sum.report({}, report(5, 1));
  sum.report({}, report(7, 2));
  const metrics = readMetrics(await sum.text());
  assert.deepEqual([metrics.get("pulls_total"), metrics.get("running"), metrics.get("size")], [12, 3, 2]);
});

test("a process that reports again is counted once", async () => {
  const [sum, worker] = [new MetricsSum(), {}];
  sum.report(worker, report(5, 1));
  sum.report(worker, report(6, 1));
  assert.equal(readMetrics(await sum.text()).get("pulls_total"), 6);
});

test("the counts of a process stay in the sum after it died, and its gauges do not", async () => {
  const [sum, first, second] = [new MetricsSum(), {}, {}];
  sum.report(first, report(5, 1));
  sum.report(second, report(7, 2));
  sum.ended(first);
  sum.report({}, report(1, 4));
  sum.ended(second);
  const metrics = readMetrics(await sum.text());
  assert.deepEqual([metrics.get("pulls_total"), metrics.get("running")], [13, 4]);
});

test("values that are not numbers yet are omitted", async () => {
  const sum = new MetricsSum();
  sum.report({}, report(Number.NaN, 1));
  assert.equal(readMetrics(await sum.text()).has("pulls_total"), false);
});
