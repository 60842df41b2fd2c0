import type { Download, DownloadList } from "../api/registry-answers.js";
import { Meter } from "../parts/meter.js";
import { Empty } from "../parts/notes.js";
import { Ago, Pushed, Size } from "../parts/text.js";
import { repositoryHref, setupPath } from "../routes.js";
import { countOf, sizeText } from "../text/sizes.js";

interface DownloadsCardProps {
  readonly downloads: DownloadList | undefined;
  readonly bytesPerSecond: number | undefined;
}

export function DownloadsCard({ downloads, bytesPerSecond }: DownloadsCardProps) {
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
          What clients pull, and the cache does not have yet, appears here. <a href={setupPath}>Set up a client</a>
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
