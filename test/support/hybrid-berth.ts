import { FakeUpstream } from "./fake-upstream.js";
import { runBerthOnDisk } from "./running-berth.js";
import type { Scope } from "./scope.js";

/** A Berth that is private for names without a slash and `team/**`, and caches two empty upstreams. */
export async function runHybrid(scope: Scope) {
  const hub = await FakeUpstream.start(scope);
  const ghcr = await FakeUpstream.start(scope);
  const berth = await runBerthOnDisk(scope, {
    mode: "hybrid",
    private: { repositories: ["*", "team/**"] },
    proxy: {
      upstreams: [
        { name: "docker.io", url: hub.url },
        { name: "ghcr.io", url: ghcr.url },
      ],
    },
  });
  return { hub, ghcr, ...berth };
}
