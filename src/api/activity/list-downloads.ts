import type { Exchange } from "../../http/exchange.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { showTime } from "../answers.js";
import type { RunningDownload } from "./running-downloads.js";
import { isKnown } from "./seen-upstreams.js";

const shownDownloads = 100;

interface DownloadListParts {
  readonly running: readonly RunningDownload[];
  /** The name in lists of a repository that is stored under this one. */
  shownNameOf(stored: RepositoryName): RepositoryName;
}

/** The running downloads of repositories that the client may pull, the longest running first. */
export function listDownloads(exchange: Exchange, { running, shownNameOf }: DownloadListParts) {
  const { access } = exchange;
  const items = running
    .map(({ repository, startedMs, ...rest }) => ({
      repository: shownNameOf(repository),
      ...rest,
      startedAt: showTime(startedMs),
    }))
    .filter(({ repository }) => access === undefined || access.may("pull", repository))
    .slice(0, shownDownloads);
  return { items, hidden: (isKnown(exchange) && running.length - items.length) || undefined };
}
