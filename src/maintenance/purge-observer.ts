/** Told of each search for abandoned uploads. */
export interface PurgeObserver {
  /** @param succeeded `false` if it broke off */
  purged(succeeded: boolean): void;
}
