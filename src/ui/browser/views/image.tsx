import { useState } from "preact/hooks";
import type { ChildManifest, Image } from "../api/content-answers.js";
import { firstPlatform, imagePath, isPlatform, requestsBeside, wholeImagePath } from "../api/first-requests.js";
import type { Caller } from "../api/registry-answers.js";
import { useAnswer } from "../api/use-answer.js";
import { Failure, Note, Waiting } from "../parts/notes.js";
import { Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { imageHref } from "../routes.js";
import { useAskedAgain } from "../use-asked-again.js";
import { ConfigurationCard } from "./configuration-card.js";
import { HoldersCard } from "./holders-card.js";
import { ImageActions, ImageCrumbs, ImageFacts } from "./image-head.js";
import { LayersCard } from "./layers-card.js";
import { PlatformPicker } from "./platform-picker.js";
import { PullCard } from "./pull-card.js";
import { ReferrersCard } from "./referrers-card.js";
import { TagChangesCard } from "./tag-changes-card.js";
import { TextsCard } from "./texts-card.js";

interface ImageViewProps {
  readonly name: string;
  readonly reference: string;
  readonly caller: Caller;
}

export function ImageView({ name, reference, caller }: ImageViewProps) {
  const { answer, error, reload } = useAnswer<Image>(imagePath(name, reference), requestsBeside);
  useAskedAgain(answer, answer?.isCounting === true, reload);
  const isDigest = reference.includes(":");
  const shown = isDigest ? `${name}@${reference.slice(0, 19)}…` : `${name}:${reference}`;
  return (
    <View
      title={shown}
      crumbs={<ImageCrumbs name={name} />}
      heading={<Pushed text={isDigest ? `@${reference.slice(0, 19)}…` : reference} />}
      lead={answer !== undefined && <ImageFacts image={answer} />}
      actions={
        answer !== undefined && <ImageActions image={answer} reference={reference} caller={caller} reload={reload} />
      }
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {answer === undefined && error === undefined && <Waiting />}
      {answer !== undefined && <Content image={answer} reference={reference} caller={caller} />}
    </View>
  );
}

interface ContentProps {
  readonly image: Image;
  readonly reference: string;
  readonly caller: Caller;
}

function Content({ image, reference, caller }: ContentProps) {
  const [picked, setPicked] = useState<string>();
  const [isWhole, setWhole] = useState(false);
  const isCut = image.manifests.length < image.manifestCount;
  const whole = useAnswer<Image>(isWhole && isCut ? wholeImagePath(image.repository, image.digest) : undefined);
  const manifests = whole.answer?.manifests ?? image.manifests;
  const chosen = manifests.find((manifest) => isPlatform(manifest) && manifest.digest === picked);
  const child = chosen ?? firstPlatform(manifests);
  return (
    <div class="image-columns">
      <div class="stack">
        <PullCard image={image} reference={reference} caller={caller} />
        {image.kind === "index" && (
          <PlatformPicker
            manifests={manifests}
            notRead={image.manifestCount - manifests.length}
            isWhole={isWhole && (!isCut || whole.answer !== undefined)}
            showWhole={() => setWhole(true)}
            picked={child?.digest}
            pick={setPicked}
            repository={image.repository}
          />
        )}
        {whole.error !== undefined && <Failure error={whole.error} retry={whole.reload} />}
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
