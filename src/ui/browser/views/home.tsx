import type { Live } from "../api/live.js";
import type { Attention, Caller, Download, DownloadList, Summary, Today } from "../api/registry-answers.js";
import { Icon } from "../parts/icon.js";
import { Meter } from "../parts/meter.js";
import { Empty, Failure, Note, Waiting } from "../parts/notes.js";
import { Ago, Pushed, Size } from "../parts/text.js";
import { View } from "../parts/view.js";
import { homePath, repositoriesHref, repositoryHref, setupPath, signInHref } from "../routes.js";
import { countOf, countText, sizeParts, sizeText } from "../text/sizes.js";
import { CacheCard, DiskCard, QuotaCard } from "./home-cards.js";

export function HomeView({ live, caller }: { readonly live: Live; readonly caller: Caller }) {
  const { summary, downloads, problem } = live;
  const isCaching = caller.registry.mode !== "private";
  return (
    <View title="" heading={greetingOf(summary)} lead={<Lead summary={summary} caller={caller} />}>
      {problem !== undefined && <Failure error={problem} />}
      {summary === undefined ? (
        problem === undefined && <Waiting />
      ) : (
        <>
          {summary.attention.length > 0 && <NeedsAttention items={summary.attention} />}
          {summary.today === undefined && <Welcome />}
          {summary.today !== undefined &&
            (isCaching ? <Saved today={summary.today} /> : <Served today={summary.today} uploads={summary.uploads} />)}
          <div class="cards">
            {summary.quotas?.map(({ upstream, quota }) => (
              <QuotaCard key={upstream} upstream={upstream} quota={quota} />
            ))}
            {summary.cache !== undefined && <CacheCard cache={summary.cache} />}
            {summary.disk !== undefined && <DiskCard disk={summary.disk} />}
            {summary.today !== undefined && <ContentCard summary={summary} today={summary.today} caller={caller} />}
          </div>
          {isCaching && <Downloads downloads={downloads} bytesPerSecond={summary.downloads?.bytesPerSecond} />}
        </>
      )}
    </View>
  );
}

function greetingOf(summary: Summary | undefined): string {
  if (summary === undefined) return "Home";
  if (summary.today === undefined && summary.attention.length === 0) return "Welcome";
  const worst = summary.attention.find(({ level }) => level !== "info")?.level;
  if (worst === "error") return "Something is wrong";
  return worst === "warning" ? "Something needs a look" : "All is well";
}

function Lead({ summary, caller }: { readonly summary: Summary | undefined; readonly caller: Caller }) {
  const modes = {
    private: "Stores your own images",
    proxy: "Caches other registries",
    hybrid: "Stores your own images and caches other registries",
  };
  return (
    <>
      {modes[caller.registry.mode]}
      {summary !== undefined && (
        <>
          {" · up since "}
          <Ago time={summary.startedAt} isShort />
        </>
      )}
      {" · "}version {caller.registry.version}
    </>
  );
}

function NeedsAttention({ items }: { readonly items: readonly Attention[] }) {
  const tones = { error: "bad", warning: "warn", info: "plain" } as const;
  return (
    <section class="stack tight" aria-label="What needs attention">
      {items.map((item) => (
        <Note key={item.code + (item.upstream ?? "")} tone={tones[item.level]}>
          <Pushed text={item.message} />
        </Note>
      ))}
    </section>
  );
}

/** For visitors: what they may pull, and how. */
function Welcome() {
  return (
    <section class="card padded stack tight" aria-label="Welcome">
      <p>
        <a href={repositoriesHref()}>Look at the images</a> that are open to everyone, or{" "}
        <a href={setupPath}>set up a client</a> to pull them.
      </p>
      <p class="muted">
        <a href={signInHref(homePath)}>Sign in</a> to see what else is here, and how busy it is.
      </p>
    </section>
  );
}

/** The reason to have a cache, in large letters. */
function Saved({ today }: { readonly today: Today }) {
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

function Served({ today, uploads = 0 }: { readonly today: Today; readonly uploads?: number | undefined }) {
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

interface ContentCardProps {
  readonly summary: Summary;
  readonly today: Today;
  readonly caller: Caller;
}

function ContentCard({ summary: { repositories, lastCollectionAt }, today, caller }: ContentCardProps) {
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

interface DownloadsProps {
  readonly downloads: DownloadList | undefined;
  readonly bytesPerSecond: number | undefined;
}

function Downloads({ downloads, bytesPerSecond }: DownloadsProps) {
  const items = downloads?.items ?? [];
  return (
    <section class="card" aria-labelledby="downloads">
      <div class="card-head">
        <h2 id="downloads">
          <span class={items.length > 0 ? "dot live" : "dot"} /> Downloading now
        </h2>
        {items.length > 0 && bytesPerSecond !== undefined && (
          <span class="muted small number">{sizeText(bytesPerSecond)}/s in all</span>
        )}
      </div>
      {items.length === 0 ? (
        <Empty icon="down" title="No downloads">
          What clients pull and the cache lacks appears here. <a href={setupPath}>Set up a client</a>
        </Empty>
      ) : (
        <ul class="rows downloads">
          {items.map((download) => (
            <DownloadRow key={`${download.repository} ${download.digest}`} download={download} />
          ))}
        </ul>
      )}
      {(downloads?.hidden ?? 0) > 0 && (
        <p class="muted small pad">{countOf(downloads?.hidden ?? 0, "more download")} not shown here.</p>
      )}
    </section>
  );
}

function DownloadRow({ download }: { readonly download: Download }) {
  const { repository, received, size, clients, bytesPerSecond, startedAt } = download;
  return (
    <li class="download">
      <a href={repositoryHref(repository)}>
        <Pushed text={repository} />
      </a>
      <span class="muted small">
        {countOf(clients, "client")} · <Ago time={startedAt} isShort />
      </span>
      <span class="number end">
        <Size bytes={received} />
        {size !== undefined && <span class="muted"> of {sizeText(size)}</span>}
      </span>
      <span class="muted small number end">{bytesPerSecond === undefined ? "" : `${sizeText(bytesPerSecond)}/s`}</span>
      <Meter
        share={size === undefined || size === 0 ? 0 : received / size}
        label={`Received of a layer of ${repository}`}
      />
    </li>
  );
}
