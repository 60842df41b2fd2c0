import { startBerth } from "../berth-process.js";
import { FakeUpstream } from "../fake-upstream.js";
import type { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";
import { addOddImage } from "./odd-images.js";
import type { OddImage, Oddity } from "./oddity.js";

/** An upstream with an oddity. */
export interface OddUpstream {
  readonly upstream: FakeUpstream;
  /** Adds an image to a new repository. */
  readonly add: (name: string) => OddImage;
}

/** An odd upstream behind a cache. */
export interface CachedUpstream extends OddUpstream {
  readonly client: RegistryClient;
  /** As in image names. */
  readonly host: string;
}

export async function startOddUpstream(scope: Scope, oddity: Oddity): Promise<OddUpstream> {
  const upstream = await FakeUpstream.start(scope, { auth: oddity.auth ?? "none" });
  const holder = (await oddity.arrange?.(upstream, scope)) ?? upstream;
  return { upstream, add: (name) => addOddImage(holder, name, oddity) };
}

/** One Berth that caches an upstream for each of the oddities, in their order. */
export async function startBerthBefore(scope: Scope, oddities: readonly Oddity[]): Promise<CachedUpstream[]> {
  const behind = await Promise.all(oddities.map((oddity) => startOddUpstream(scope, oddity)));
  const nameOf = (at: number) => `odd${at}.test`;
  const upstreams = oddities.map(({ login, settings }, at) => {
    return { name: nameOf(at), url: behind[at]?.upstream.url, ...login, ...settings };
  });
  const { client, host } = await startBerth(scope, { proxy: { default: nameOf(0), upstreams } });
  return behind.map(({ upstream, add }, at) => {
    const named = (name: string) => ({ ...add(name), name: `${nameOf(at)}/${name}` });
    return { upstream, client, host, add: named };
  });
}
