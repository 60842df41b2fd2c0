import { Scope } from "../scope.js";
import { oddities } from "./all-oddities.js";
import { otherCaches, type StartCache } from "./caches.js";
import { type CachedUpstream, startBerthBefore, startOddUpstream } from "./odd-upstream.js";
import type { OddImage, Oddity } from "./oddity.js";
import { pullImage } from "./pull-image.js";

/** The result of an oddity with each cache: the first thing that is wrong, if any. */
export interface Row {
  readonly group: string;
  readonly title: string;
  readonly wrong: Readonly<Record<string, string | undefined>>;
}

interface Tried {
  readonly group: string;
  readonly oddity: Oddity;
}

const rowsAtOnce = 4;

/** Tries every oddity with every cache: one Berth for all, and one peer for each, since a peer caches one registry. */
export async function compareCaches(scope: Scope): Promise<Row[]> {
  const all = Object.entries(oddities).flatMap(([group, list]) => list.map((oddity) => ({ group, oddity })));
  const berths = await startBerthBefore(
    scope,
    all.map(({ oddity }) => oddity),
  );
  const pairs = all.map((tried, at) => [tried, berths[at]] as const);
  const rows: Row[] = [];
  const left = pairs.entries();
  const work = async () => {
    for (const [at, [tried, berth]] of left) rows[at] = await rowOf(tried, berth);
  };
  await Promise.all(Array.from({ length: rowsAtOnce }, work));
  return rows;
}

/** The rows in which another cache works and Berth does not. */
export function lostRows(rows: readonly Row[]): Row[] {
  return rows.filter(({ wrong: { Berth, ...others } }) => {
    return Berth !== undefined && Object.values(others).includes(undefined);
  });
}

async function rowOf({ group, oddity }: Tried, berth: CachedUpstream | undefined): Promise<Row> {
  const others = Object.entries(otherCaches).map(async ([name, start]) => {
    return [name, await wrongIn(() => Scope.during((scope) => tryPeer(scope, start, oddity)))] as const;
  });
  const wrong = {
    Berth: await wrongIn(() => tryOddity(oddity, berth)),
    ...Object.fromEntries(await Promise.all(others)),
  };
  return { group, title: oddity.title, wrong };
}

async function wrongIn(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

async function tryPeer(scope: Scope, start: StartCache, oddity: Oddity): Promise<void> {
  const odd = await startOddUpstream(scope, oddity);
  // It contacts the upstream when it starts, but requests nothing that the images change.
  const client = await start(scope, odd.upstream.url, oddity);
  await tryOddity(oddity, { ...odd, client, host: "" });
}

async function tryOddity(oddity: Oddity, cached: CachedUpstream | undefined): Promise<void> {
  if (!cached) throw new Error("there is no upstream");
  const { client, upstream, add } = cached;
  const images = ["team/one", "team/two"].map(add);
  const pull = (image: OddImage) => pullImage(client, image);
  if (oddity.attempt) return oddity.attempt({ client, upstream, images, pull });
  // The second image shares a layer with the first; the third pull finds everything cached.
  for (const image of [...images, ...images.slice(0, 1)]) await pull(image);
}
