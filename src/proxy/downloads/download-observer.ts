import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";

/** What an observer sees of a download while it runs. */
export interface ObservedDownload {
  readonly wanted: {
    /** Of the repository here. */
    readonly name: RepositoryName;
    readonly digest: Digest;
    readonly client: { readonly name: string };
    /** In bytes, from a manifest; may be wrong. */
    readonly size: number | undefined;
  };
  /** How much can be read, and of how much. */
  readonly state: { readonly readable: number; readonly size: number | undefined };
  /** Bytes that came over the network, when it has ended. */
  readonly fetched: number;
  /** Clients that wait for it or receive it while it is being downloaded. */
  readonly watchers: { readonly count: number };
}

/** Notified when downloads start and end. */
export interface DownloadObserver {
  began(download: ObservedDownload): void;
  ended(download: ObservedDownload): void;
}
