import type { Config } from "../config/schema.js";
import type { CollectionTimes } from "../maintenance/unneeded-content.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { Policies } from "../retention/policies.js";
import { safeTimeOf } from "../storage/content/content-links.js";
import { privateNamesOf } from "./private-names.js";

/** How long unneeded content stays by the settings, and manifests without a tag by retention policies. */
export function collectionTimesOf(config: Config): CollectionTimes {
  const { gc } = config.maintenance;
  const policies = new Policies(config.retention.policies);
  const isPrivate = privateNamesOf(config);
  const untaggedKeepOf = (name: RepositoryName) => (isPrivate(name) ? policies.of(name).untaggedKeepMs : undefined);
  return {
    grace: gc.grace,
    claim: safeTimeOf(gc.claim),
    trash: gc.trash,
    ...(config.retention.policies.some(({ untagged }) => untagged !== undefined) && { untaggedKeepOf }),
  };
}
