import type { Kind } from "./kinds.js";

/** A part of a whole. */
export const share: Kind<number> = {
  expected: "a number from 0.01 to 1",
  parse: (written) => {
    const number = typeof written === "string" && /^\d?(\.\d{1,4})?$/.test(written) ? Number(written) : written;
    return typeof number === "number" && number >= 0.01 && number <= 1 ? number : undefined;
  },
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
