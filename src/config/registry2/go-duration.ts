const amountPattern = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
const unitsInMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Berth's units, from large to small. */
const ours = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Converts a Go duration (`168h`, `1h30m`, `1.5s`) to Berth's form; `undefined` if it is not one. */
export function fromGoDuration(text: string): string | undefined {
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1e-6 : millisecondsOf(text);
  return milliseconds === undefined ? undefined : inOurWords(Math.round(milliseconds));
}

function millisecondsOf(text: string): number | undefined {
  let total = 0;
  let end = 0;
  for (const match of text.matchAll(amountPattern)) {
    total += Number(match[1]) * (unitsInMilliseconds[match[2] ?? ""] ?? 0);
    end = match.index + match[0].length;
  }
  return end === text.length && end > 0 ? total : undefined;
}

function inOurWords(milliseconds: number): string {
  let rest = milliseconds;
  const amounts = ours.map(([unit, length]) => {
    const amount = Math.floor(rest / length);
    rest -= amount * length;
    return amount === 0 ? "" : `${amount}${unit}`;
  });
  return amounts.join("") || "0s";
}
