import type { AuditTrail } from "../auth/audit/audit-trail.js";
import type { Page, PageOf } from "../oci/listing.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action } from "../registry/access.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";
import type { Activity } from "./activity/activity.js";
import type { ConfiguredUpstream } from "./activity/seen-upstreams.js";
import type { CacheState } from "./activity/show-summary.js";
import type { CollectingSettings } from "./changes/start-job.js";
import type { RepositoryLimits } from "./images/repository-limits.js";
import type { About } from "./me.js";
import type { Guide } from "./setup-guides.js";

/** What the API depends on. */
export interface ApiDependencies {
  /** As clients see it. */
  readonly registry: Registry;
  /** Lists all repositories, without regard to rights. */
  listAll(page: Page): Promise<PageOf<string>>;
  /** What the configuration makes of stored names: differs if other names are listed. */
  readonly namesSource: string;
  /** Whether there is anything to pull from a listed repository. */
  holdsAnything(name: string): Promise<boolean>;
  readonly storage: Storage;
  readonly about: About;
  readonly activity: Activity;
  readonly upstreams: readonly ConfiguredUpstream[];
  readonly cache: CacheState;
  /** Milliseconds without a byte after which an upload counts as abandoned. */
  readonly uploadsExpireMs: number;
  readonly collecting: CollectingSettings;
  /** What the configuration lets clients change in private repositories. */
  readonly changeable: readonly Action[];
  /** What retention policies let nobody do with tags of private repositories, and how much of quotas is used. */
  readonly limits: RepositoryLimits;
  /** The name in lists of a repository that is stored under this one. */
  shownNameOf(stored: RepositoryName): RepositoryName;
  readonly guides: readonly Guide[];
  /** Records which tokens are made and revoked; other changes are recorded by the registry. */
  readonly audit: AuditTrail | undefined;
  /** The file that describes the API. */
  description(): Promise<Buffer>;
}
