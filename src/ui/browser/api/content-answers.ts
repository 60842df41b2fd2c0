/** What the API answers about repositories and images; the fields are described in config/openapi.yml. */
export interface Origin {
  readonly kind: "own" | "cached";
  readonly upstream?: string;
  readonly remote?: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export type Kind = "image" | "index" | "artifact" | "unknown";

export interface RepositorySummary {
  readonly name: string;
  readonly origin?: Origin;
  readonly tags?: number;
  readonly newestTag?: string;
  readonly size?: number;
  /** Whether its sizes are being counted. */
  readonly isCounting?: boolean;
  readonly pushedAt?: string;
  readonly pulledAt?: string;
}

export interface Folder {
  readonly under: string;
  readonly folders: readonly { readonly name: string; readonly repositories: number }[];
  readonly repositories: readonly string[];
  readonly next?: string;
}

export interface Repository {
  readonly name: string;
  readonly origin: Origin;
  readonly tags: number;
  readonly manifests?: number;
  readonly size?: number;
  readonly uniqueSize?: number;
  /** Whether its sizes are being counted. */
  readonly isCounting?: boolean;
  readonly newestTag?: string;
  readonly pushedAt?: string;
  readonly pulledAt?: string;
  /** Bytes, of the quotas that bound it. */
  readonly quotas?: readonly { readonly used?: number; readonly limit: number }[];
  readonly may: readonly string[];
}

/** What nobody may do with a tag: move or delete it, or delete it. */
export type TagGuard = "immutable" | "protected";

export interface Tag {
  readonly tag: string;
  readonly digest?: string;
  readonly kind?: Kind;
  readonly size?: number;
  readonly platforms?: readonly Platform[];
  readonly pushedAt?: string;
  readonly pulledAt?: string;
  readonly askedAt?: string;
  readonly guard?: TagGuard;
  /** What it attaches to an image, as cosign names it. */
  readonly attached?: "signature" | "sbom" | "attestation";
  readonly problem?: string;
}

export interface Content {
  readonly digest: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly stored: boolean;
}

export interface ChildManifest extends Content {
  readonly platform?: Platform;
  readonly total?: number;
  readonly attests?: string;
}

export interface Layer extends Content {
  readonly command?: string;
  readonly title?: string;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly command?: string;
  readonly comment?: string;
  readonly layer?: number;
}

export type Texts = Readonly<Record<string, string>>;

export interface ImageConfig {
  readonly digest: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly stored: boolean;
  readonly problem?: string;
  readonly isCut?: boolean;
  readonly created?: string;
  readonly author?: string;
  readonly platform?: Platform;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly stopSignal?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly labels?: Texts;
}

export interface TagChange {
  readonly at: string;
  readonly kind: "moved" | "deleted";
  readonly digest: string;
  readonly by?: string;
}

export interface Image {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly kind: Kind;
  readonly origin: Origin;
  readonly size?: number;
  readonly stored?: number;
  readonly uniqueSize?: number;
  readonly isPartial?: boolean;
  /** Whether the images of a large index are being read. */
  readonly isCounting?: boolean;
  readonly pushedAt?: string;
  readonly pulledAt?: string;
  readonly askedAt?: string;
  readonly guard?: TagGuard;
  /** Of the tag that was asked for, the newest first. */
  readonly tagChanges?: readonly TagChange[];
  readonly tags: readonly string[];
  readonly subject?: string;
  readonly annotations: Texts;
  readonly manifests: readonly ChildManifest[];
  /** Of the whole index. */
  readonly manifestCount: number;
  readonly config?: ImageConfig;
  readonly layers: readonly Layer[];
  readonly history: readonly HistoryEntry[];
}

export interface Referrer {
  readonly digest: string;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly size?: number;
  readonly annotations?: Texts;
  readonly kind: "signature" | "sbom" | "attestation" | "other";
  readonly tag?: string;
}

export interface Holder {
  readonly repository: string;
  readonly as: "manifest" | "blob";
  readonly tags?: readonly string[];
}

export interface Freshness {
  readonly digest: string;
  readonly before?: string;
  readonly askedAt?: string;
  readonly warning?: string;
}

export interface Deletion {
  readonly dryRun: boolean;
  readonly tags: readonly string[];
  readonly manifests: readonly string[];
  readonly kept: readonly { readonly digest: string; readonly tags?: readonly string[]; readonly because: string }[];
  readonly size?: number;
  readonly alreadyGone: readonly string[];
  readonly failed: readonly { readonly reference: string; readonly message: string }[];
  readonly notes: readonly string[];
}

export interface Eviction {
  readonly dryRun: boolean;
  readonly manifests: readonly string[];
  readonly tags: readonly string[];
  readonly size?: number;
}
