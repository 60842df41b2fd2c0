/**
 * The target of a row.
 * @typedef {object} Target
 * @property {string} text
 * @property {(row: Record<string, number | undefined>, rows: Record<string, object>) => boolean | undefined} isReached
 *   of the row's values by peer; undefined if a required value was not measured
 */

const titles = { registry2: "registry 2", registry3: "registry 3", sha256sum: "sha256sum" };

/** @returns {Target} */
export function atLeastTimes(factor, peer) {
  return {
    text: `>= ${factor} x ${titles[peer]}`,
    isReached: (row) => compare(row.berth, row[peer], (berth, other) => berth >= factor * other),
  };
}

/** @returns {Target} */
export function atMostTimes(factor, peer) {
  return {
    text: `<= ${factor} x ${titles[peer]}`,
    isReached: (row) => compare(row.berth, row[peer], (berth, other) => berth <= factor * other),
  };
}

/** @returns {Target} */
export function atLeastTimesBest(factor) {
  return {
    text: `>= ${factor} x the best peer`,
    isReached: ({ berth, registry2, registry3 }) =>
      compare(registry2, registry3, (one, other) =>
        compare(berth, Math.max(one, other), (own, best) => own >= factor * best),
      ),
  };
}

/** @returns {Target} */
export function atMost(limit) {
  return {
    text: `<= ${limit}`,
    isReached: ({ berth }) => compare(berth, limit, (value, most) => value <= most),
  };
}

/** @returns {Target} */
export function atLeast(limit) {
  return {
    text: `>= ${limit}`,
    isReached: ({ berth }) => compare(berth, limit, (value, least) => value >= least),
  };
}

/** @returns {Target} compares Berth with itself in another row */
export function atMostTimesRow(factor, otherRow) {
  return {
    text: `<= ${Number(factor.toFixed(2))} x ${otherRow}`,
    isReached: (row, rows) => compare(row.berth, rows[otherRow]?.berth, (value, other) => value <= factor * other),
  };
}

/** @returns {Target} the same, the other way round */
export function atLeastTimesRow(factor, otherRow) {
  return {
    text: `>= ${factor} x ${otherRow}`,
    isReached: (row, rows) => compare(row.berth, rows[otherRow]?.berth, (value, other) => value >= factor * other),
  };
}

/** @returns {Target} compares with another row, plus a constant */
export function atMostBeyondRow(more, otherRow, factor = 1) {
  return {
    text: `<= ${factor === 1 ? "" : `${factor} x `}${otherRow} + ${more}`,
    isReached: (row, rows) =>
      compare(row.berth, rows[otherRow]?.berth, (value, other) => value <= factor * other + more),
  };
}

/** @returns {Target} */
export function allOf(...targets) {
  return {
    text: targets.map((target) => target.text).join(", "),
    isReached(row, rows) {
      const all = targets.map((target) => target.isReached(row, rows));
      return all.includes(undefined) ? undefined : !all.includes(false);
    },
  };
}

function compare(one, other, predicate) {
  return one === undefined || other === undefined ? undefined : predicate(one, other);
}
