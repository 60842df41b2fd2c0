const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** Such as "3 minutes ago" or "in 2 hours". */
export function agoText(time: Date, nowMs: number): string {
  const seconds = Math.round((time.getTime() - nowMs) / 1000);
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** Date and minute. */
export function dateText(time: Date): string {
  return absolute.format(time);
}

/** Everything, for a tooltip. */
export function exactText(time: Date): string {
  return exact.format(time);
}

/** The time that a text names; `undefined` if it names none. Images may claim any date. */
export function timeOf(text: string | undefined): Date | undefined {
  const time = text === undefined ? undefined : new Date(text);
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}

/** Such as "6 hours". */
export function durationText(seconds: number): string {
  const [unit, length] = steps.find(([, each]) => seconds >= each) ?? (["second", 1] as const);
  const count = Math.round(seconds / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
