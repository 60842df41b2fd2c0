import type { Caller, Quota, Summary, Today } from "../api/registry-answers.js";
import { Icon } from "../parts/icon.js";
import { Meter } from "../parts/meter.js";
import { Ago } from "../parts/text.js";
import { repositoriesHref } from "../routes.js";
import { durationText } from "../text/dates.js";
import { countOf, countText, sizeText } from "../text/sizes.js";

/** The pulls that an upstream still grants. */
export function QuotaCard({ upstream, quota }: { readonly upstream: string; readonly quota: Quota }) {
  const { limit, remaining, windowSeconds, at } = quota;
  const share = limit === 0 ? 0 : remaining / limit;
  return (
    <section class="card padded stat">
      <h2>
        <Icon name="cloud" /> Quota of {upstream}
      </h2>
      <p class="stat-figure number">
        {countText(remaining)} <span class="muted">of {countText(limit)} pulls left</span>
      </p>
      <Meter share={share} tone={toneOf(share)} label={`Pulls left at ${upstream}`} />
      <p class="muted small">
        {windowSeconds !== undefined && `Per ${durationText(windowSeconds)} · `}told <Ago time={at} isShort />
      </p>
    </section>
  );
}

type CacheState = NonNullable<Summary["cache"]>;

export function CacheCard({ cache }: { readonly cache: CacheState }) {
  const { size, maxSize } = cache;
  return (
    <section class="card padded stat">
      <h2>
        <Icon name="layers" /> Cache
      </h2>
      <p class="stat-figure number">
        {size === undefined ? "Counting…" : sizeText(size)}
        {maxSize !== undefined && <span class="muted"> of {sizeText(maxSize)}</span>}
      </p>
      {maxSize !== undefined && size !== undefined && (
        <Meter share={size / maxSize} label="Part of the cache that is used" />
      )}
      <p class="muted small">{limitsText(cache)}</p>
    </section>
  );
}

function limitsText({ maxSize, minFree, maxAgeSeconds }: CacheState): string {
  const sentences = [
    ...(minFree === undefined ? [] : [`It shrinks when less than ${sizeText(minFree)} of the disk are free.`]),
    ...(maxAgeSeconds === undefined ? [] : [`What was not pulled for ${durationText(maxAgeSeconds)} is deleted.`]),
    ...(maxSize === undefined && minFree === undefined ? [] : ["What was not pulled for longest goes first."]),
  ];
  return sentences.length === 0 ? "No limit is set: proxy.maxSize, minFree or maxAge" : sentences.join(" ");
}

export function DiskCard({ disk: { size, free } }: { readonly disk: NonNullable<Summary["disk"]> }) {
  const share = size === 0 ? 0 : free / size;
  return (
    <section class="card padded stat">
      <h2>
        <Icon name="folder" /> Disk
      </h2>
      <p class="stat-figure number">
        {sizeText(free)} <span class="muted">free of {sizeText(size)}</span>
      </p>
      <Meter share={1 - share} tone={toneOf(share)} label="Part of the disk that is used" />
      <p class="muted small">{Math.round((1 - share) * 100)} % used, by everything on it</p>
    </section>
  );
}

/** @param left from 0 to 1 */
function toneOf(left: number): "good" | "warn" | "bad" {
  if (left < 0.05) return "bad";
  return left < 0.2 ? "warn" : "good";
}

interface ContentCardProps {
  readonly summary: Summary;
  readonly today: Today;
  readonly caller: Caller;
}

export function ContentCard({ summary: { repositories, lastCollectionAt }, today, caller }: ContentCardProps) {
  // With access control, only an administrator is told how many there are.
  const notCounted = caller.accessControl && !caller.mayAdminister ? "Browse" : "Counting…";
  return (
    <section class="card padded stat">
      <h2>
        <Icon name="box" /> Repositories
      </h2>
      <p class="stat-figure">
        <a href={repositoriesHref()}>{repositories === undefined ? notCounted : countText(repositories)}</a>
      </p>
      <p class="muted small">
        {countOf(today.pushes, "push", "pushes")} today
        {lastCollectionAt !== undefined && (
          <>
            {" · garbage collected "}
            <Ago time={lastCollectionAt} isShort />
          </>
        )}
      </p>
    </section>
  );
}
