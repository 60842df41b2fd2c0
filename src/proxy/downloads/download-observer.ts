/** What is told of a download while it runs. */
export interface ObservedDownload {
  /** Those who wait for it or read along. */
  readonly watchers: { readonly count: number };
}

/** Told when downloads begin and end. */
export interface DownloadObserver {
  began(download: ObservedDownload): void;
  ended(download: ObservedDownload): void;
}
