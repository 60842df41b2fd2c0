import type { Kind } from "./kinds.js";

/** A part of a whole. */
export const share: Kind<number> = {
  expected: "a number from 0.01 to 1",
  parse: (written) => partOf(written, 0.01),
};

function partOf(written: unknown, least: number): number | undefined {
  const number = typeof written === "string" && /^\d?(\.\d{1,6})?$/.test(written) ? Number(written) : written;
  return typeof number === "number" && number >= least && number <= 1 ? number : undefined;
}

/** A part of a whole, or none of it. */
export const shareOrNone: Kind<number> = {
  expected: "a number from 0 to 1",
  parse: (written) => (Number(written) === 0 && written !== "" ? 0 : partOf(written, 0.000_001)),
};

/** A part of each day; it may include midnight. */
export interface DailyWindow {
  /** Minutes after midnight, local time. */
  readonly from: number;
  readonly to: number;
}

export const dailyWindow: Kind<DailyWindow> = {
  expected: "two times of day such as 01:00-05:00",
  parse: (written) => {
    const [, from, to] = (typeof written === "string" && /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(written)) || [];
    const [first, last] = [minutesOf(from), minutesOf(to)];
    return first === undefined || last === undefined || first === last ? undefined : { from: first, to: last };
  },
};

function minutesOf(time: string | undefined): number | undefined {
  const [hours = Number.NaN, minutes = Number.NaN] = (time ?? "").split(":").map(Number);
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : undefined;
}
