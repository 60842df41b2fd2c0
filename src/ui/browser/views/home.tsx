import type { Live } from "../api/live.js";
import type { Attention, Caller, Summary } from "../api/registry-answers.js";
import { Failure, Note, Waiting } from "../parts/notes.js";
import { Ago, Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { homePath, repositoriesHref, setupPath, signInHref } from "../routes.js";
import { DownloadsCard } from "./downloads-card.js";
import { CacheCard, ContentCard, DiskCard, QuotaCard } from "./home-cards.js";
import { StorageQuotasCard } from "./storage-quotas-card.js";
import { SavedCard, ServedCard } from "./today-card.js";

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
            (isCaching ? (
              <SavedCard today={summary.today} />
            ) : (
              <ServedCard today={summary.today} uploads={summary.uploads} />
            ))}
          <div class="cards">
            {summary.quotas?.map(({ upstream, quota }) => (
              <QuotaCard key={upstream} upstream={upstream} quota={quota} />
            ))}
            {summary.cache !== undefined && <CacheCard cache={summary.cache} />}
            {summary.disk !== undefined && <DiskCard disk={summary.disk} />}
            {summary.storageQuotas !== undefined && <StorageQuotasCard quotas={summary.storageQuotas} />}
            {summary.today !== undefined && <ContentCard summary={summary} today={summary.today} caller={caller} />}
          </div>
          {isCaching && <DownloadsCard downloads={downloads} bytesPerSecond={summary.downloads?.bytesPerSecond} />}
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
          {" · started "}
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
        <Note key={item.code + item.message} tone={tones[item.level]}>
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
