/** A limit that a host imposed on one process: it is asked for nothing of this kind for a while. */
export interface ImposedLimit {
  readonly host: string;
  /** Of requests: `manifests`, `blobs`, `tags`, `referrers` or `token`. */
  readonly kind: string;
  /** In milliseconds, from now on. */
  readonly forMs: number;
}

/** How processes that ask the same upstream tell each other of its limits. */
export interface LimitExchange {
  /** Tells the others, soon. */
  tell(limit: ImposedLimit): void;
  /** What others have told since the last call. Asked before every request; a failure must not hinder it. */
  hear(): Promise<readonly ImposedLimit[]>;
}
