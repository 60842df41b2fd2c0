import { cpus, release } from "node:os";

/** Everything that was measured, as one object: medians, ratios, targets and every single run. */
export function createReport({ measurements, peers, settings, results }) {
  const rows = measurements.flatMap((measurement) => measurement.rows);
  const medians = Object.fromEntries(rows.map((row) => [row.id, mediansOf(row, peers, results)]));
  return {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version },
    settings,
    peers: peers.map(({ id, title, version }) => ({ id, title, version })),
    rows: rows.map((row) => ({
      id: row.id,
      title: row.title,
      unit: row.unit,
      medians: medians[row.id],
      ratios: ratiosOf(medians[row.id]),
      target: row.target?.text,
      reached: row.target?.isReached(medians[row.id], medians),
      runs: Object.fromEntries(peers.map((peer) => [peer.id, results.get(`${row.id} ${peer.id}`)])),
    })),
  };
}

/** The report as a table for people. */
export function formatReport({ machine, settings, peers, rows }) {
  const others = peers.filter((peer) => peer.id !== "berth");
  const isBerthThere = others.length < peers.length;
  const ratioTitles = isBerthThere ? others.map((peer) => `: ${peer.title}`) : [];
  const header = ["", "unit", ...peers.map((peer) => peer.title), ...ratioTitles, "target", ""];
  const lines = rows.map((row) => [
    row.title,
    row.unit,
    ...peers.map((peer) => formatNumber(row.medians[peer.id])),
    ...(isBerthThere ? others.map((peer) => formatNumber(row.ratios[peer.id])) : []),
    row.target ?? "",
    verdict(row),
  ]);
  return [
    "",
    ...align([header, ...lines], 2, header.length - 2),
    "",
    ...summarise(rows),
    peers.map(({ title, version }) => `${title} ${version}`).join(", "),
    `${machine.cores} x ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`,
    settings.about ?? `medians of ${settings.runs} x ${settings.seconds} s after ${settings.warmup} s of warm-up`,
  ].join("\n");
}

function mediansOf(row, peers, results) {
  return Object.fromEntries(peers.map(({ id }) => [id, median(results.get(`${row.id} ${id}`))]));
}

/** `undefined` if there are no values. */
export function median(values) {
  if (values === undefined || values.length === 0) return undefined;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Berth's value as a multiple of each other peer's. */
function ratiosOf({ berth, ...others }) {
  if (berth === undefined) return {};
  const ratios = Object.entries(others).map(([id, value]) => [id, value === undefined ? undefined : berth / value]);
  return Object.fromEntries(ratios);
}

function verdict({ target, reached }) {
  if (target === undefined) return "";
  if (reached === undefined) return "not measured";
  return reached ? "reached" : "missed";
}

function summarise(rows) {
  const judged = rows.filter((row) => row.reached !== undefined);
  if (judged.length === 0) return [];
  const unjudged = rows.filter((row) => row.target !== undefined).length - judged.length;
  const reached = `${judged.filter((row) => row.reached).length} of ${judged.length} targets reached`;
  return [unjudged === 0 ? reached : `${reached}, ${unjudged} not measured`];
}

function formatNumber(value) {
  if (value === undefined) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(2);
}

/**
 * Right-aligns the columns from `firstRight` up to `firstLeftAgain`, which hold numbers, and left-aligns the others.
 */
function align(lines, firstRight, firstLeftAgain) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column >= firstRight && column < firstLeftAgain ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join("  ")
      .trimEnd(),
  );
}
