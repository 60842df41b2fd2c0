import type { TagChange } from "../api/content-answers.js";
import { Icon } from "../parts/icon.js";
import { Ago, Pushed } from "../parts/text.js";
import { imageHref } from "../routes.js";

interface TagChangesProps {
  readonly repository: string;
  readonly changes: readonly TagChange[];
}

/** What a tag pointed to, since when, and who moved it. */
export function TagChangesCard({ repository, changes }: TagChangesProps) {
  if (changes.length < 2) return null;
  return (
    <section class="card" aria-labelledby="tag-changes">
      <div class="card-head">
        <h2 id="tag-changes">
          Where this tag pointed <span class="muted number">{changes.length}</span>
        </h2>
      </div>
      <ul class="rows">
        {changes.map(({ at, kind, digest, by }, place) => (
          <li key={`${at} ${place}`} class="side-entry">
            <Icon name={kind === "deleted" ? "trash" : "tag"} />
            <div>
              <a class="mono" href={imageHref(repository, digest)}>
                {digest.slice(0, 19)}…
              </a>
              <p class="muted small">
                {beginningOf(kind, place)} <Ago time={at} isShort />
                {by !== undefined && (
                  <>
                    {" by "}
                    <Pushed text={by} />
                  </>
                )}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function beginningOf(kind: TagChange["kind"], place: number): string {
  if (kind === "deleted") return "deleted";
  return place === 0 ? "now, since" : "from";
}
