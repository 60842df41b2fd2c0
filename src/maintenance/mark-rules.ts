export interface MarkRules {
  /** Manifests without a tag go, unless one that stays names them or is their subject. */
  readonly deleteUntagged: boolean;
}
