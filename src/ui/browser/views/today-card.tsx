import type { Today } from "../api/registry-answers.js";
import { Meter } from "../parts/meter.js";
import { countOf, countText, sizeParts, sizeText } from "../text/sizes.js";

/** The reason to have a cache, in large letters. */
export function SavedCard({ today }: { readonly today: Today }) {
  const { value, unit } = sizeParts(today.saved);
  const wanted = today.saved + today.downloaded;
  const share = wanted === 0 ? 0 : today.saved / wanted;
  return (
    <section class="card hero" aria-label="Saved today">
      <div>
        <h2 class="muted">Saved today</h2>
        <p class="figure">
          {value}
          <span class="unit">{unit}</span>
        </p>
        <p class="muted">
          {wanted === 0
            ? "Nothing was pulled through the cache yet."
            : `${Math.floor(share * 100)} % of what clients pulled was here already.`}
        </p>
      </div>
      <dl class="figures">
        <Figure term="Pulls not spent" value={countText(today.savedPulls)} hint="of upstreams' quotas" />
        <Figure term="Downloaded" value={sizeText(today.downloaded)} hint="from upstreams" />
        <Figure term="Served" value={sizeText(today.served)} hint={countOf(today.pulls, "pull")} />
      </dl>
      <Meter share={share} tone="good" label="Part that was not downloaded again" />
    </section>
  );
}

export function ServedCard({ today, uploads = 0 }: { readonly today: Today; readonly uploads?: number | undefined }) {
  return (
    <section class="card hero" aria-label="Today">
      <div>
        <h2 class="muted">Served today</h2>
        <p class="figure">
          {sizeParts(today.served).value}
          <span class="unit">{sizeParts(today.served).unit}</span>
        </p>
        <p class="muted">{countOf(today.pulls, "image")} pulled since midnight, UTC.</p>
      </div>
      <dl class="figures">
        <Figure term="Pulls" value={countText(today.pulls)} hint="manifests" />
        <Figure term="Pushes" value={countText(today.pushes)} hint="manifests" />
        <Figure term="Uploads" value={countText(uploads)} hint="running now" />
      </dl>
    </section>
  );
}

function Figure({ term, value, hint }: { readonly term: string; readonly value: string; readonly hint: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>
        <strong class="number">{value}</strong>
        <span class="muted small">{hint}</span>
      </dd>
    </div>
  );
}
