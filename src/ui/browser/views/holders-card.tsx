import type { Holder, Image } from "../api/content-answers.js";
import { usePages } from "../api/use-pages.js";
import { Icon } from "../parts/icon.js";
import { More } from "../parts/more.js";
import { Pushed } from "../parts/text.js";
import { imageHref, repositoryHref } from "../routes.js";

interface HoldersCardProps {
  readonly image: Image;
  readonly reference: string;
}

/** Other names of the same bytes: deleting one name leaves them to the others. */
export function HoldersCard({ image: { repository, digest, tags }, reference }: HoldersCardProps) {
  const pages = usePages<Holder>("holders", { digest });
  const others = pages.items.filter((holder) => holder.repository !== repository);
  const otherTags = tags.filter((tag) => tag !== reference);
  return (
    <section class="card" aria-labelledby="holders">
      <div class="card-head">
        <h2 id="holders">Same digest</h2>
      </div>
      {otherTags.length > 0 && (
        <p class="row pad">
          {otherTags.map((tag) => (
            <a key={tag} class="badge accent" href={imageHref(repository, tag)}>
              <Icon name="tag" /> <Pushed text={tag} />
            </a>
          ))}
        </p>
      )}
      <ul class="rows">
        {others.map((holder) => (
          <li key={holder.repository} class="side-entry">
            <Icon name="box" />
            <div>
              <a href={repositoryHref(holder.repository)}>
                <Pushed text={holder.repository} />
              </a>
              {holder.tags !== undefined && holder.tags.length > 0 && (
                <p class="muted small">
                  <Pushed text={holder.tags.slice(0, 6).join(", ")} />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
      {pages.isKnown && others.length + otherTags.length === 0 && !pages.hasMore && (
        <p class="pad muted">No other tag or repository has it.</p>
      )}
      <More pages={pages} />
    </section>
  );
}
