/** What an observer sees of a download while it runs. */
export interface ObservedDownload {
  /** Clients that wait for it or receive it while it is being downloaded. */
  readonly watchers: { readonly count: number };
}

/** Notified when downloads start and end. */
export interface DownloadObserver {
  began(download: ObservedDownload): void;
  ended(download: ObservedDownload): void;
}
