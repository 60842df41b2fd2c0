/** Time in milliseconds, handed in so that tests can hold it. */
export interface Clock {
  /** Never goes back; for durations. */
  monotonic(): number;
  /** Since 1970; for dates that come from outside. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
