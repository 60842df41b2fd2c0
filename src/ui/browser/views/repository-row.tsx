import type { RepositorySummary } from "../api/content-answers.js";
import { Found } from "../parts/found.js";
import { Icon } from "../parts/icon.js";
import { Empty } from "../parts/notes.js";
import { Ago, Pushed, Size } from "../parts/text.js";
import { repositoryHref, setupPath } from "../routes.js";
import { countOf } from "../text/sizes.js";

interface RowProps {
  readonly item: RepositorySummary;
  readonly search?: string;
  /** The part of the name that the folder above already says. */
  readonly folder?: string;
}

export function RepositoryRow({ item, search = "", folder = "" }: RowProps) {
  const { name, tags, newestTag, size, pushedAt, origin } = item;
  return (
    <li class="entry" data-row>
      <a class="entry-name" href={repositoryHref(name)}>
        <Icon name="box" />
        <Found text={folder === "" ? name : name.slice(folder.length + 1)} search={search} />
      </a>
      <span class="entry-facts muted small">
        {origin?.kind === "cached" && <span>{origin.upstream}</span>}
        {newestTag !== undefined && (
          <span class="entry-tag">
            <Icon name="tag" /> <Pushed text={newestTag} />
          </span>
        )}
        {tags !== undefined && <span class="entry-count">{countOf(tags, "tag")}</span>}
        {pushedAt !== undefined && <Ago time={pushedAt} isShort />}
        {size !== undefined && (
          <span class="entry-size">
            <Size bytes={size} />
          </span>
        )}
      </span>
    </li>
  );
}

export function NoRepositories() {
  return (
    <Empty icon="box" title="No repositories yet">
      Push an image, or pull one through the cache. <a href={setupPath}>Set up a client</a>
    </Empty>
  );
}
