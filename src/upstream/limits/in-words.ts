/** A duration for people: `1.5 s`, `10 min`. */
export function inWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${rounded(ms / 1000)} s`;
  if (ms < 7_200_000) return `${rounded(ms / 60_000)} min`;
  return `${rounded(ms / 3_600_000)} h`;
}

function rounded(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}
