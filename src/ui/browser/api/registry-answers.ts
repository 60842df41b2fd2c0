/** What the API answers about the registry itself; the fields are described in config/openapi.yml. */
export interface Caller {
  readonly user?: string;
  readonly groups: readonly string[];
  readonly credential?: string;
  readonly accessControl: boolean;
  readonly mayAdminister: boolean;
  readonly mayChange: boolean;
  readonly mayCreateTokens?: boolean;
  readonly registry: {
    readonly version: string;
    readonly mode: "private" | "proxy" | "hybrid";
    readonly service: string;
    readonly publicUrl?: string;
    readonly address?: string;
  };
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
  readonly total?: number;
}

export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds?: number;
  readonly at: string;
}

export interface Upstream {
  readonly name: string;
  readonly url?: string;
  readonly prefix: string;
  readonly isDefault: boolean;
  readonly countsPulls: boolean;
  readonly state: "unknown" | "up" | "limited" | "down";
  readonly answeredAt?: string;
  readonly failedAt?: string;
  readonly failure?: string;
  readonly quota?: Quota;
}

export interface Download {
  readonly repository: string;
  readonly upstream?: string;
  readonly digest: string;
  readonly received: number;
  readonly size?: number;
  readonly clients: number;
  readonly bytesPerSecond?: number;
  readonly startedAt: string;
}

export interface DownloadList {
  readonly items: readonly Download[];
  readonly hidden?: number;
}

export interface Attention {
  readonly level: "error" | "warning" | "info";
  readonly code: string;
  readonly message: string;
  readonly upstream?: string;
}

/** How much the repositories of some patterns may hold together, in bytes. */
export interface StorageQuota {
  readonly repositories: readonly string[];
  readonly used?: number;
  readonly limit: number;
  readonly isUnreadable?: boolean;
}

export interface Today {
  readonly since: string;
  readonly pulls: number;
  readonly pushes: number;
  readonly served: number;
  readonly downloaded: number;
  readonly saved: number;
  readonly savedPulls: number;
}

export interface Summary {
  readonly now: string;
  readonly startedAt: string;
  readonly repositories?: number;
  /** This and other numbers are for those who have signed in. */
  readonly today?: Today;
  readonly downloads?: { readonly running: number; readonly clients: number; readonly bytesPerSecond: number };
  readonly uploads?: number;
  readonly cache?: {
    readonly size?: number;
    readonly maxSize?: number;
    readonly minFree?: number;
    readonly maxAgeSeconds?: number;
  };
  readonly disk?: { readonly size: number; readonly free: number };
  readonly quotas?: readonly { readonly upstream: string; readonly quota: Quota }[];
  readonly storageQuotas?: readonly StorageQuota[];
  readonly lastCollectionAt?: string;
  readonly attention: readonly Attention[];
}

export interface AccessToken {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly description?: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly usedAt?: string;
}

export interface CreatedToken extends AccessToken {
  readonly token: string;
}

export interface SetupGuide {
  readonly client: string;
  readonly text: string;
}

export interface SetupClient {
  readonly name: string;
  readonly kind: "client" | "server";
  readonly meaning: string;
}
