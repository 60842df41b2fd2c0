import { useEffect, useState } from "preact/hooks";
import type { Folder, RepositorySummary } from "../api/content-answers.js";
import { folderPath, listParameters } from "../api/first-requests.js";
import type { Page } from "../api/registry-answers.js";
import { apiPath } from "../api/request.js";
import { useAnswer } from "../api/use-answer.js";
import { Icon } from "../parts/icon.js";
import { More } from "../parts/more.js";
import { Failure, Waiting } from "../parts/notes.js";
import { repositoriesHref } from "../routes.js";
import { countOf } from "../text/sizes.js";
import { useAskedAgain } from "../use-asked-again.js";
import { NoRepositories, RepositoryRow } from "./repository-row.js";

const mostDetails = 100;

/** To build the rows of a thousand folders would take longer than all else before the first one is seen. */
const rowsAtOnce = 100;

/** One level of the tree of names. */
export function FolderList({ under }: { readonly under: string }) {
  const { answer, error, reload } = useAnswer<Folder>(folderPath(under));
  // Of the first repositories below this folder: enough for most folders, and never more than one page.
  const hasRepositories = (answer?.repositories.length ?? 0) > 0;
  const details = useAnswer<Page<RepositorySummary>>(
    hasRepositories ? apiPath("repositories", { ...listParameters({ under }), n: mostDetails }) : undefined,
  );
  const [shown, setShown] = useState(rowsAtOnce);
  useEffect(() => setShown(rowsAtOnce), [under]);
  useAskedAgain(details.answer, details.answer?.items.some(({ isCounting }) => isCounting) === true, details.reload);
  if (error !== undefined)
    return (
      <div class="pad">
        <Failure error={error} retry={reload} />
      </div>
    );
  if (answer === undefined) return <Waiting />;
  const { folders, repositories, next } = answer;
  if (folders.length + repositories.length === 0) return <NoRepositories />;
  const known = new Map(details.answer?.items.map((item) => [item.name, item]));
  return (
    <>
      <ul class="rows">
        {folders.slice(0, shown).map((folder) => (
          <li class="entry" data-row key={folder.name}>
            <a class="entry-name" href={repositoriesHref({ under: folder.name })}>
              <Icon name="folder" />
              <bdi>{under === "" ? folder.name : folder.name.slice(under.length + 1)}</bdi>
            </a>
            <span class="entry-facts muted small">{countOf(folder.repositories, "repository", "repositories")}</span>
          </li>
        ))}
        {repositories.slice(0, Math.max(0, shown - folders.length)).map((name) => (
          <RepositoryRow key={name} item={known.get(name) ?? { name }} folder={under} />
        ))}
      </ul>
      <More
        pages={{
          hasMore: shown < folders.length + repositories.length,
          isReading: false,
          more: () => setShown(shown + rowsAtOnce),
        }}
      />
      {next !== undefined && (
        <p class="pad">
          <a href={repositoriesHref({ under, isFlat: true })}>Show all of this folder as a list</a>
        </p>
      )}
    </>
  );
}
