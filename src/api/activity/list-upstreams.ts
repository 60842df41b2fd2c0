import type { Exchange } from "../../http/exchange.js";
import type { Quota } from "../../upstream/limits/quota.js";
import { showTime } from "../answers.js";
import type { UpstreamStates } from "./upstream-states.js";

/** An upstream of the configuration. */
export interface ConfiguredUpstream {
  readonly name: string;
  readonly url: string;
  /** What its names begin with here. */
  readonly prefix: string;
  readonly isDefault: boolean;
}

/** The upstreams, their state and their quota. */
export function listUpstreams(
  exchange: Exchange,
  upstreams: readonly ConfiguredUpstream[],
  states: UpstreamStates,
): { readonly items: readonly unknown[] } {
  const seesAll = seesInside(exchange);
  const items = upstreams.map(({ name, url, prefix, isDefault }) => {
    const state = states.of(name);
    return {
      name,
      url: seesAll ? url : undefined,
      prefix,
      isDefault,
      countsPulls: state?.countsPulls === true,
      state: state?.condition ?? "unknown",
      answeredAt: showTime(state?.answeredMs),
      failedAt: showTime(state?.failedMs),
      failure: seesAll ? state?.failure : undefined,
      quota: state?.quota && quotaView(state.quota, seesAll),
    };
  });
  return { items };
}

/** Whether the client may see what tells of the network around: an administrator, or anyone without access control. */
export function seesInside({ access }: Exchange): boolean {
  return access === undefined || access.mayAdminister;
}

export function quotaView({ limit, remaining, windowSeconds, source, at }: Quota, withSource: boolean) {
  return { limit, remaining, windowSeconds, source: withSource ? source : undefined, at: showTime(at) };
}
