import { useState } from "preact/hooks";
import type { Image } from "../api/content-answers.js";
import type { Caller } from "../api/registry-answers.js";
import { goTo } from "../navigation.js";
import { Digest } from "../parts/copy.js";
import { GuardBadge } from "../parts/guard.js";
import { Icon } from "../parts/icon.js";
import { OriginBadge } from "../parts/origin.js";
import { Ago, Pushed } from "../parts/text.js";
import { repositoriesHref, repositoryHref } from "../routes.js";
import { sizeText } from "../text/sizes.js";
import { Freshness } from "./freshness.js";
import { RemovalDialog } from "./removal-dialog.js";

export function ImageCrumbs({ name }: { readonly name: string }) {
  return (
    <nav aria-label="Place">
      <ol class="crumbs">
        <li>
          <a href={repositoriesHref()}>Repositories</a>
        </li>
        <li>
          <a href={repositoryHref(name)}>
            <Pushed text={name} />
          </a>
        </li>
      </ol>
    </nav>
  );
}

export function ImageFacts({ image }: { readonly image: Image }) {
  const { origin, digest, size, stored, isPartial, pushedAt, pulledAt, kind, artifactType } = image;
  const lastChange = image.tagChanges?.[0];
  const pusher = lastChange?.digest === digest ? lastChange.by : undefined;
  return (
    <div class="row facts-row">
      <OriginBadge origin={origin} />
      {image.guard !== undefined && <GuardBadge guard={image.guard} />}
      {kind === "artifact" && <span class="badge">{artifactType ?? "artifact"}</span>}
      {size !== undefined && (
        <span>
          {isPartial && "more than "}
          {sizeText(size)}
          {stored !== undefined && stored < size && <span class="muted"> ({sizeText(stored)} of it stored here)</span>}
        </span>
      )}
      {pushedAt !== undefined && (
        <span>
          {origin.kind === "own" ? "pushed" : "cached"} <Ago time={pushedAt} />
          {pusher !== undefined && (
            <>
              {" by "}
              <Pushed text={pusher} />
            </>
          )}
        </span>
      )}
      {pulledAt !== undefined && (
        <span>
          pulled <Ago time={pulledAt} isShort />
        </span>
      )}
      <Digest digest={digest} />
    </div>
  );
}

interface ImageActionsProps {
  readonly image: Image;
  readonly reference: string;
  readonly caller: Caller;
  readonly reload: () => void;
}

export function ImageActions({ image, reference, caller, reload }: ImageActionsProps) {
  const [isDeleting, setDeleting] = useState(false);
  const { repository, origin, askedAt } = image;
  const isDigest = reference.includes(":");
  const isCached = origin.kind === "cached";
  const target = isDigest ? { digests: [reference] } : { tags: [reference] };
  const shown = isDigest ? "this manifest" : `the tag ${reference}`;
  return (
    <>
      {isCached && !isDigest && (
        <Freshness
          repository={repository}
          tag={reference}
          askedAt={askedAt}
          mayAsk={caller.mayChange}
          onAsked={reload}
        />
      )}
      {caller.mayChange && image.guard === undefined && (!isCached || caller.mayAdminister) && (
        <button type="button" class="button danger" onClick={() => setDeleting(true)}>
          <Icon name="trash" /> {isCached ? "Remove from the cache" : "Delete"}
        </button>
      )}
      {isDeleting && (
        <RemovalDialog
          removal={isCached ? { kind: "evict", repository, reference } : { kind: "delete", repository, ...target }}
          title={isCached ? `Remove ${shown} from the cache?` : `Delete ${shown}?`}
          onClose={() => setDeleting(false)}
          onDone={() => goTo(repositoryHref(repository))}
        />
      )}
    </>
  );
}
