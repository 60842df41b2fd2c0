import { useState } from "preact/hooks";
import type { ChildManifest, Image } from "../api/content-answers.js";
import { imagePath } from "../api/first-requests.js";
import type { Caller } from "../api/registry-answers.js";
import { useAnswer } from "../api/use-answer.js";
import { goTo } from "../navigation.js";
import { Digest } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { Failure, Note, Waiting } from "../parts/notes.js";
import { OriginBadge } from "../parts/origin.js";
import { Ago, Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { imageHref, repositoriesHref, repositoryHref } from "../routes.js";
import { sizeText } from "../text/sizes.js";
import { useAskedAgain } from "../use-asked-again.js";
import { ConfigurationCard } from "./configuration-card.js";
import { Freshness } from "./freshness.js";
import { HoldersCard } from "./holders-card.js";
import { LayersCard } from "./layers-card.js";
import { isPlatform, PlatformPicker } from "./platform-picker.js";
import { PullCard } from "./pull-card.js";
import { ReferrersCard } from "./referrers-card.js";
import { RemovalDialog } from "./removal-dialog.js";
import { TagChangesCard } from "./tag-changes-card.js";
import { TextsCard } from "./texts-card.js";

interface ImageViewProps {
  readonly name: string;
  readonly reference: string;
  readonly caller: Caller;
}

export function ImageView({ name, reference, caller }: ImageViewProps) {
  const { answer, error, reload } = useAnswer<Image>(imagePath(name, reference));
  useAskedAgain(answer, answer?.isCounting === true, reload);
  const isDigest = reference.includes(":");
  const shown = isDigest ? `${name}@${reference.slice(0, 19)}…` : `${name}:${reference}`;
  return (
    <View
      title={shown}
      crumbs={<ImageCrumbs name={name} />}
      heading={<Pushed text={isDigest ? `@${reference.slice(0, 19)}…` : reference} />}
      lead={answer !== undefined && <Facts image={answer} />}
      actions={answer !== undefined && <Actions image={answer} reference={reference} caller={caller} reload={reload} />}
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {answer === undefined && error === undefined && <Waiting />}
      {answer !== undefined && <Content image={answer} reference={reference} caller={caller} />}
    </View>
  );
}

function ImageCrumbs({ name }: { readonly name: string }) {
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

function Facts({ image }: { readonly image: Image }) {
  const { origin, digest, size, stored, isPartial, pushedAt, pulledAt, kind, artifactType } = image;
  const lastChange = image.tagChanges?.[0];
  const pusher = lastChange?.digest === digest ? lastChange.by : undefined;
  return (
    <div class="row facts-row">
      <OriginBadge origin={origin} />
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

interface ActionsProps {
  readonly image: Image;
  readonly reference: string;
  readonly caller: Caller;
  readonly reload: () => void;
}

function Actions({ image, reference, caller, reload }: ActionsProps) {
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
      {caller.mayChange && (!isCached || caller.mayAdminister) && (
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

interface ContentProps {
  readonly image: Image;
  readonly reference: string;
  readonly caller: Caller;
}

function Content({ image, reference, caller }: ContentProps) {
  const [picked, setPicked] = useState<string>();
  const platforms = image.manifests.filter(isPlatform);
  const child =
    platforms.find(({ digest }) => digest === picked) ?? platforms.find(({ stored }) => stored) ?? platforms[0];
  return (
    <div class="image-columns">
      <div class="stack">
        <PullCard image={image} reference={reference} caller={caller} />
        {image.kind === "index" && (
          <PlatformPicker
            manifests={image.manifests}
            picked={child?.digest}
            pick={setPicked}
            repository={image.repository}
          />
        )}
        {image.kind === "index" ? (
          child !== undefined && <Child repository={image.repository} child={child} />
        ) : (
          <Parts image={image} />
        )}
      </div>
      <aside class="stack" aria-label="About this image">
        <ReferrersCard repository={image.repository} digest={image.digest} />
        <HoldersCard image={image} reference={reference} />
        <TagChangesCard repository={image.repository} changes={image.tagChanges ?? []} />
        <TextsCard title="Annotations" texts={image.annotations} />
        {image.subject !== undefined && (
          <section class="card padded">
            <h2>Refers to</h2>
            <p>
              <a href={imageHref(image.repository, image.subject)}>{image.subject.slice(0, 19)}…</a>
            </p>
          </section>
        )}
      </aside>
    </div>
  );
}

/** One platform of an index. */
function Child({ repository, child }: { readonly repository: string; readonly child: ChildManifest }) {
  const path = child.stored ? imagePath(repository, child.digest) : undefined;
  const { answer, error, reload } = useAnswer<Image>(path);
  if (!child.stored)
    return <Note tone="plain">This platform is not stored here. It is downloaded when a client pulls it.</Note>;
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (answer === undefined) return <Waiting />;
  // An index in an index names further manifests.
  if (answer.kind === "index")
    return (
      <p>
        This is another index: <a href={imageHref(repository, answer.digest)}>{answer.digest}</a>
      </p>
    );
  return <Parts image={answer} />;
}

function Parts({ image }: { readonly image: Image }) {
  return (
    <>
      <LayersCard image={image} />
      {image.config !== undefined && image.kind !== "artifact" && <ConfigurationCard config={image.config} />}
    </>
  );
}
