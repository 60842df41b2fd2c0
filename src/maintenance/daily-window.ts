/** A part of each day, in minutes after midnight, local time; it may include midnight. */
export interface DailyWindow {
  readonly from: number;
  readonly to: number;
}

/** Whether it is that time of day now; always without a window. */
export function isInWindow(window: DailyWindow | undefined): boolean {
  if (window === undefined) return true;
  const now = new Date();
  const minute = now.getHours() * 60 + now.getMinutes();
  const isInside = minute >= window.from && minute < window.to;
  return window.from < window.to ? isInside : minute >= window.from || minute < window.to;
}
