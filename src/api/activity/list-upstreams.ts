import type { Exchange } from "../../http/exchange.js";
import type { Quota } from "../../upstream/limits/quota.js";
import { showTime } from "../answers.js";
import type { Activity } from "./activity.js";
import { type ConfiguredUpstream, isKnown, seesInside, upstreamsSeenBy } from "./seen-upstreams.js";

/** The upstreams of which the client may pull something, and their state; for a known client also their quota. */
export async function listUpstreams(
  exchange: Exchange,
  upstreams: readonly ConfiguredUpstream[],
  activity: Activity,
): Promise<{ readonly items: readonly unknown[] }> {
  const seesAll = seesInside(exchange);
  const seesNumbers = isKnown(exchange);
  const { upstreams: states } = await activity.everywhere();
  const items = upstreamsSeenBy(exchange, upstreams).map(({ name, url, prefix, isDefault }) => {
    const state = states[name];
    return {
      name,
      url: seesAll ? url : undefined,
      prefix,
      isDefault,
      countsPulls: state?.countsPulls === true,
      state: state?.condition ?? "unknown",
      ...(seesNumbers && {
        answeredAt: showTime(state?.answeredMs),
        failedAt: showTime(state?.failedMs),
        failure: seesAll ? state?.failure : undefined,
        quota: state?.quota && quotaView(state.quota, seesAll),
      }),
    };
  });
  return { items };
}

export function quotaView({ limit, remaining, windowSeconds, source, at }: Quota, withSource: boolean) {
  return { limit, remaining, windowSeconds, source: withSource ? source : undefined, at: showTime(at) };
}
