import type { Page, Upstream } from "../api/registry-answers.js";
import { apiPath } from "../api/request.js";
import { useAnswer } from "../api/use-answer.js";
import { Icon } from "../parts/icon.js";
import { Meter } from "../parts/meter.js";
import { Empty, Failure, Note, Waiting } from "../parts/notes.js";
import { Ago, Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { repositoriesHref } from "../routes.js";
import { durationText } from "../text/dates.js";
import { countText } from "../text/sizes.js";

export function UpstreamsView() {
  const { answer, error, reload } = useAnswer<Page<Upstream>>(apiPath("upstreams"));
  return (
    <View
      title="Upstreams"
      heading="Upstreams"
      lead="The registries that are cached here."
      actions={
        <button type="button" class="button" onClick={reload}>
          <Icon name="refresh" /> Look again
        </button>
      }
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {answer === undefined && error === undefined && <Waiting />}
      {answer?.items.length === 0 && <Empty icon="cloud" title="No upstreams" />}
      <div class="cards wide">
        {answer?.items.map((upstream) => (
          <UpstreamCard key={upstream.name} upstream={upstream} />
        ))}
      </div>
    </View>
  );
}

const states = {
  up: { tone: "good", label: "Answers" },
  limited: { tone: "warn", label: "Limits us" },
  down: { tone: "bad", label: "Does not answer" },
  unknown: { tone: "", label: "Not asked yet" },
} as const;

function UpstreamCard({ upstream }: { readonly upstream: Upstream }) {
  const { name, url, prefix, isDefault, state, answeredAt, failure, failedAt, quota } = upstream;
  const { tone, label } = states[state];
  return (
    <section class="card padded stack tight" aria-label={name}>
      <div class="row spread">
        <h2>
          <Pushed text={name} />
        </h2>
        <span class={`badge ${tone}`}>
          <span class={`dot ${tone}`} /> {label}
        </span>
      </div>
      <dl class="facts">
        {url !== undefined && (
          <>
            <dt>Address</dt>
            <dd class="mono">{url}</dd>
          </>
        )}
        <dt>Names here</dt>
        <dd>
          <a class="mono" href={repositoriesHref({ under: prefix.replace(/\/$/, "") })}>
            {prefix}
          </a>
          {isDefault && <span class="muted"> and those without a registry</span>}
        </dd>
        <dt>Last answer</dt>
        <dd>
          {answeredAt === undefined ? <span class="muted">none since the start</span> : <Ago time={answeredAt} />}
        </dd>
      </dl>
      {quota !== undefined && (
        <>
          <Meter
            share={quota.limit === 0 ? 0 : quota.remaining / quota.limit}
            tone={quota.remaining < quota.limit / 5 ? "warn" : "good"}
            label={`Pulls left at ${name}`}
          />
          <p class="small">
            <strong class="number">{countText(quota.remaining)}</strong> of {countText(quota.limit)} pulls left
            {quota.windowSeconds !== undefined && ` per ${durationText(quota.windowSeconds)}`}
            <span class="muted">
              {" · told "}
              <Ago time={quota.at} isShort />
            </span>
          </p>
        </>
      )}
      {failure !== undefined && state !== "up" && (
        <Note tone={state === "limited" ? "warn" : "bad"}>
          <Pushed text={failure} />
          {failedAt !== undefined && (
            <>
              {" · "}
              <Ago time={failedAt} isShort />
            </>
          )}
        </Note>
      )}
    </section>
  );
}
