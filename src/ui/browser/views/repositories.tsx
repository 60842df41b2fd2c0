import { useEffect, useState } from "preact/hooks";
import type { RepositorySummary } from "../api/content-answers.js";
import { listParameters } from "../api/first-requests.js";
import { usePages } from "../api/use-pages.js";
import { goTo } from "../navigation.js";
import { moveByArrow } from "../parts/list-keys.js";
import { More } from "../parts/more.js";
import { Empty, Failure, Waiting } from "../parts/notes.js";
import { Segments } from "../parts/segments.js";
import { View } from "../parts/view.js";
import { repositoriesHref } from "../routes.js";
import { countOf } from "../text/sizes.js";
import { useAskedAgain } from "../use-asked-again.js";
import { useDelayed } from "../use-delayed.js";
import { FolderCrumbs } from "./folder-crumbs.js";
import { FolderList } from "./folder-list.js";
import { NoRepositories, RepositoryRow } from "./repository-row.js";

interface RepositoriesProps {
  readonly search: string;
  /** The folder, without a slash at its end; empty for the top. */
  readonly under: string;
  readonly isFlat: boolean;
}

const pauseMs = 90;

export function RepositoriesView({ search, under, isFlat }: RepositoriesProps) {
  const [text, setText] = useState(search);
  const asked = useDelayed(text.trim(), pauseMs);
  useEffect(() => {
    if (asked !== search) goTo(repositoriesHref({ search: asked, under, isFlat }), { replace: true });
  }, [asked]);
  const isList = isFlat || asked !== "";
  const show = (asList: boolean) => {
    if (!asList) setText("");
    goTo(repositoriesHref({ search: asList ? asked : "", under, isFlat: asList }), { replace: true });
  };
  return (
    <View
      title="Repositories"
      heading="Repositories"
      crumbs={under === "" ? undefined : <FolderCrumbs under={under} />}
    >
      {/* The arrow keys move in what the filter finds. */}
      <section class="card" aria-label="Repositories" onKeyDown={moveByArrow}>
        <div class="card-head">
          <input
            class="filter"
            type="search"
            aria-label="Filter repositories"
            placeholder={under === "" ? "Filter" : `Filter in ${under}`}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <Segments
            label="Show as"
            segments={[
              { label: "Folders", isOn: !isList, choose: () => show(false) },
              { label: "List", isOn: isList, choose: () => show(true) },
            ]}
          />
        </div>
        {isList ? <FlatList search={asked} under={under} /> : <FolderList under={under} />}
      </section>
    </View>
  );
}

function FlatList({ search, under }: { readonly search: string; readonly under: string }) {
  const pages = usePages<RepositorySummary>("repositories", listParameters({ search, under }));
  const { items, total, isKnown, error, reload } = pages;
  // Only at the beginning of a list: to ask again shows its first page.
  useAskedAgain(pages.pages[0], pages.pages.length === 1 && items.some(({ isCounting }) => isCounting), reload);
  if (error !== undefined)
    return (
      <div class="pad">
        <Failure error={error} retry={reload} />
      </div>
    );
  if (!isKnown) return <Waiting />;
  if (items.length === 0)
    return search === "" ? <NoRepositories /> : <Empty icon="search" title={`No repository contains “${search}”`} />;
  return (
    <>
      <p class="unseen" role="status">
        {countOf(total ?? items.length, "repository", "repositories")}
      </p>
      <ul class="rows">
        {items.map((item) => (
          <RepositoryRow key={item.name} item={item} search={search} />
        ))}
      </ul>
      <More pages={pages} />
    </>
  );
}
