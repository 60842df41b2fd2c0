import type { Exchange } from "../../http/exchange.js";
import type { RepositoryName } from "../../oci/repository-name.js";

/** An upstream of the configuration. */
export interface ConfiguredUpstream {
  readonly name: string;
  readonly url: string;
  /** What its names begin with here. */
  readonly prefix: string;
  readonly isDefault: boolean;
  /** Names that stand for all that rules distinguish: whoever may pull none of them, may pull nothing of it. */
  readonly examples: readonly RepositoryName[];
}

/** Whether the client may see what tells of the network around: an administrator, or anyone without access control. */
export function seesInside({ access }: Exchange): boolean {
  return access === undefined || access.mayAdminister;
}

/** Whether the client is known: how large a registry is, and how busy, is nothing for those who did not sign in. */
export function isKnown({ access }: Exchange): boolean {
  return access === undefined || access.identity.user !== undefined;
}

/** The upstreams of which the client may pull something; all for those who administer the registry. */
export function upstreamsSeenBy(
  exchange: Exchange,
  upstreams: readonly ConfiguredUpstream[],
): readonly ConfiguredUpstream[] {
  if (seesInside(exchange)) return upstreams;
  return upstreams.filter(({ examples }) => examples.some((name) => exchange.access?.may("pull", name)));
}
