import { useMemo, useRef, useState } from "preact/hooks";
import type { Repository, Tag } from "../api/content-answers.js";
import { tagParameters } from "../api/first-requests.js";
import { usePages } from "../api/use-pages.js";
import { Digest } from "../parts/copy.js";
import { GuardBadge } from "../parts/guard.js";
import { Icon } from "../parts/icon.js";
import { moveByArrow } from "../parts/list-keys.js";
import { More } from "../parts/more.js";
import { Empty, Failure, Waiting } from "../parts/notes.js";
import { PlatformBadges } from "../parts/platforms.js";
import { Ago, Pushed, Size } from "../parts/text.js";
import { imageHref } from "../routes.js";
import { countOf } from "../text/sizes.js";
import { useDelayed } from "../use-delayed.js";
import { RemovalDialog } from "./removal-dialog.js";

interface TagListProps {
  readonly name: string;
  /** Its description, once that is known. */
  readonly repository: Repository | undefined;
  readonly mayDelete: boolean;
  readonly onChange: () => void;
}

const pauseMs = 120;

/** The tags of a repository in natural order; any number, since only the rows in sight are laid out. */
export function TagList({ name, repository, mayDelete, onChange }: TagListProps) {
  const [text, setText] = useState("");
  const [isOldestFirst, setOldestFirst] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isDeleting, setDeleting] = useState(false);
  const search = useDelayed(text.trim(), pauseMs);
  const pages = usePages<Tag>("tags", tagParameters(name, { search, isOldestFirst }));
  const toggle = (tag: string) => {
    const next = new Set(chosen);
    if (!next.delete(tag)) next.add(tag);
    setChosen(next);
  };
  const done = () => {
    setDeleting(false);
    setChosen(new Set());
    pages.reload();
    onChange();
  };
  return (
    <section class="card" aria-labelledby="tags" onKeyDown={moveByArrow}>
      <div class="card-head">
        <h2 id="tags">
          Tags <span class="muted number">{pages.total ?? repository?.tags}</span>
        </h2>
        <div class="row tools">
          {chosen.size > 0 && (
            <button type="button" class="button danger" onClick={() => setDeleting(true)}>
              <Icon name="trash" /> Delete {countOf(chosen.size, "tag")}
            </button>
          )}
          <input
            class="filter"
            type="search"
            aria-label="Filter tags"
            placeholder="Filter tags"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <button type="button" class="button" onClick={() => setOldestFirst(!isOldestFirst)}>
            {isOldestFirst ? "Oldest first" : "Newest first"}
          </button>
        </div>
      </div>
      <TagRows
        pages={pages}
        name={name}
        isCached={repository?.origin.kind === "cached"}
        search={search}
        choice={mayDelete ? { chosen, toggle } : undefined}
      />
      {isDeleting && (
        <RemovalDialog
          removal={{ kind: "delete", repository: name, tags: [...chosen] }}
          title={chosen.size === 1 ? `Delete the tag ${[...chosen][0]}?` : `Delete ${countOf(chosen.size, "tag")}?`}
          onClose={() => setDeleting(false)}
          onDone={done}
        />
      )}
    </section>
  );
}

interface Choice {
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (tag: string) => void;
}

interface TagRowsProps {
  readonly pages: ReturnType<typeof usePages<Tag>>;
  readonly name: string;
  readonly isCached: boolean;
  readonly search: string;
  readonly choice: Choice | undefined;
}

function TagRows({ pages, name, isCached, search, choice }: TagRowsProps) {
  const { items, isKnown, error, reload } = pages;
  if (error !== undefined)
    return (
      <div class="pad">
        <Failure error={error} retry={reload} />
      </div>
    );
  if (!isKnown) return <Waiting />;
  if (items.length === 0) return <Empty icon="tag" title={search === "" ? "No tags" : `No tag contains “${search}”`} />;
  return (
    <>
      <ul class="rows">
        {pages.pages.map((page) => (
          <TagPage key={page[0]?.tag} items={page} name={name} isCached={isCached} choice={choice} />
        ))}
      </ul>
      <More pages={pages} />
    </>
  );
}

interface TagPageProps {
  readonly items: readonly Tag[];
  readonly name: string;
  readonly isCached: boolean;
  readonly choice: Choice | undefined;
}

/** A page of ten thousand tags is shown again only if one of its own tags was chosen. */
function TagPage({ items, name, isCached, choice }: TagPageProps) {
  const chosenHere = items.filter(({ tag }) => choice?.chosen.has(tag)).map(({ tag }) => tag);
  const toggle = useRef(choice?.toggle);
  toggle.current = choice?.toggle;
  return useMemo(() => {
    const chosen = new Set(chosenHere);
    const own = choice && { chosen, toggle: (tag: string) => toggle.current?.(tag) };
    const rows = items.map((item) => (
      <TagRow key={item.tag} item={item} name={name} isCached={isCached} choice={own} />
    ));
    return <>{rows}</>;
  }, [items, name, isCached, choice === undefined, chosenHere.join(" ")]);
}

interface TagRowProps {
  readonly item: Tag;
  readonly name: string;
  readonly isCached: boolean;
  readonly choice: Choice | undefined;
}

function TagRow({ item, name, isCached, choice }: TagRowProps) {
  const { tag, digest, kind, size, platforms = [], pushedAt, pulledAt, askedAt, guard, problem, attached } = item;
  return (
    <li class="entry tag-entry" data-row>
      {choice !== undefined && (
        <input
          type="checkbox"
          aria-label={`Choose ${tag}`}
          checked={choice.chosen.has(tag)}
          onChange={() => choice.toggle(tag)}
        />
      )}
      <a class="entry-name" href={imageHref(name, tag)}>
        <Pushed text={tag} />
      </a>
      <span class="entry-platforms">
        {attached !== undefined && <span class="badge">{attached === "sbom" ? "SBOM" : attached}</span>}
        {kind === "artifact" && attached === undefined && <span class="badge">artifact</span>}
        <PlatformBadges platforms={platforms} />
        {guard !== undefined && <GuardBadge guard={guard} />}
        {problem !== undefined && (
          <span class="badge warn" title={problem}>
            incomplete
          </span>
        )}
      </span>
      <span class="entry-facts muted small">
        {digest !== undefined && <Digest digest={digest} />}
        {/* Also when it is empty: the columns of all rows are aligned. */}
        <span class="entry-when">
          {pulledAt !== undefined && (
            <>
              pulled <Ago time={pulledAt} isShort />
            </>
          )}
        </span>
        {isCached && askedAt !== undefined ? (
          <span class="entry-when">
            asked <Ago time={askedAt} isShort />
          </span>
        ) : (
          pushedAt !== undefined && (
            <span class="entry-when">
              {isCached ? "cached" : "pushed"} <Ago time={pushedAt} isShort />
            </span>
          )
        )}
        {size !== undefined && (
          <span class="entry-size">
            <Size bytes={size} />
          </span>
        )}
      </span>
    </li>
  );
}
