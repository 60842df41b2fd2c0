/** Time in milliseconds; passed in so that tests can control it. */
export interface Clock {
  /** Never goes back; for durations. */
  monotonic(): number;
  /** Since 1970; for dates from outside. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
