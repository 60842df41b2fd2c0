/** Notified of each search for abandoned uploads. */
export interface PurgeObserver {
  /** @param succeeded `false` if the search was aborted */
  purged(succeeded: boolean): void;
}
