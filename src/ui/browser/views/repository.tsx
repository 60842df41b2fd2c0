import { useState } from "preact/hooks";
import type { Repository } from "../api/content-answers.js";
import { repositoryPath } from "../api/first-requests.js";
import type { Caller } from "../api/registry-answers.js";
import { useAnswer } from "../api/use-answer.js";
import { goTo } from "../navigation.js";
import { CopyButton } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { Meter } from "../parts/meter.js";
import { Failure } from "../parts/notes.js";
import { OriginBadge } from "../parts/origin.js";
import { Ago, Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { addressOf } from "../registry-address.js";
import { repositoriesHref } from "../routes.js";
import { countOf, sizeText } from "../text/sizes.js";
import { useAskedAgain } from "../use-asked-again.js";
import { FolderCrumbs } from "./folder-crumbs.js";
import { RemovalDialog } from "./removal-dialog.js";
import { TagList } from "./tag-list.js";

export function RepositoryView({ name, caller }: { readonly name: string; readonly caller: Caller }) {
  const { answer, error, reload } = useAnswer<Repository>(repositoryPath(name));
  useAskedAgain(answer, answer?.isCounting === true, reload);
  const [isDeleting, setDeleting] = useState(false);
  const folder = name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "";
  const isCached = answer?.origin.kind === "cached";
  const needed = isCached ? "admin" : "delete";
  const mayRemove = caller.mayChange && answer?.may.includes(needed) === true;
  return (
    <View
      title={name}
      crumbs={<FolderCrumbs under={folder} />}
      heading={<Pushed text={name.slice(folder === "" ? 0 : folder.length + 1)} />}
      lead={answer !== undefined && <Facts repository={answer} address={`${addressOf(caller)}/${name}`} />}
      actions={
        mayRemove && (
          <button type="button" class="button danger" onClick={() => setDeleting(true)}>
            <Icon name="trash" /> {isCached ? "Remove from the cache" : "Delete repository"}
          </button>
        )
      }
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {/* Its tags are requested at the same time. */}
      {error === undefined && (
        <TagList name={name} repository={answer} mayDelete={mayRemove && !isCached} onChange={reload} />
      )}
      {isDeleting && (
        <RemovalDialog
          removal={
            isCached ? { kind: "evict", repository: name } : { kind: "delete", repository: name, everything: true }
          }
          title={isCached ? `Remove ${name} from the cache?` : `Delete ${name}?`}
          onClose={() => setDeleting(false)}
          onDone={() => goTo(repositoriesHref({ under: folder }))}
        />
      )}
    </View>
  );
}

function Facts({ repository, address }: { readonly repository: Repository; readonly address: string }) {
  const { origin, tags, size, uniqueSize, pushedAt, pulledAt } = repository;
  return (
    <div class="row facts-row">
      <OriginBadge origin={origin} />
      <span>{countOf(tags, "tag")}</span>
      {size !== undefined && (
        <span>
          {sizeText(size)}
          {uniqueSize !== undefined && uniqueSize !== size && (
            <span class="muted"> ({sizeText(uniqueSize)} of it only here)</span>
          )}
        </span>
      )}
      {pushedAt !== undefined && (
        <span>
          {origin.kind === "own" ? "pushed" : "cached"} <Ago time={pushedAt} isShort />
        </span>
      )}
      {pulledAt !== undefined && (
        <span>
          pulled <Ago time={pulledAt} isShort />
        </span>
      )}
      {repository.quotas?.map(({ used, limit }) => (
        <span class="quota-use" key={limit}>
          quota {used === undefined ? "that cannot be read" : sizeText(used)} of {sizeText(limit)}
          {used !== undefined && (
            <Meter
              share={limit === 0 ? 1 : used / limit}
              tone={used > limit * 0.9 ? "warn" : "accent"}
              label="Part of the quota that is used"
            />
          )}
        </span>
      ))}
      <span class="digest">
        <bdi>{address}</bdi>
        <CopyButton text={address} what="name" />
      </span>
    </div>
  );
}
