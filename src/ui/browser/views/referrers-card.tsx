import type { Referrer } from "../api/content-answers.js";
import { referrerParameters } from "../api/first-requests.js";
import { usePages } from "../api/use-pages.js";
import { Icon, type IconName } from "../parts/icon.js";
import { More } from "../parts/more.js";
import { Failure } from "../parts/notes.js";
import { Pushed } from "../parts/text.js";
import { imageHref } from "../routes.js";
import { sizeText } from "../text/sizes.js";

const kinds: Readonly<Record<Referrer["kind"], { readonly label: string; readonly icon: IconName }>> = {
  signature: { label: "Signature", icon: "shield" },
  sbom: { label: "SBOM", icon: "list" },
  attestation: { label: "Attestation", icon: "good" },
  other: { label: "Artifact", icon: "box" },
};

/** Signatures, SBOMs and whatever else refers to an image. Berth verifies none of them. */
export function ReferrersCard({ repository, digest }: { readonly repository: string; readonly digest: string }) {
  const pages = usePages<Referrer>("referrers", referrerParameters(repository, digest));
  const { items, error, isKnown } = pages;
  return (
    <section class="card" aria-labelledby="referrers">
      <div class="card-head">
        <h2 id="referrers">Signatures and SBOMs</h2>
        {items.length > 0 && <span class="muted small">not verified here</span>}
      </div>
      {error !== undefined && (
        <div class="pad">
          <Failure error={error} />
        </div>
      )}
      {isKnown && items.length === 0 && <p class="pad muted">None.</p>}
      <ul class="rows">
        {items.map((item) => (
          <li key={item.digest} class="side-entry">
            <Icon name={kinds[item.kind].icon} />
            <div>
              <a href={imageHref(repository, item.tag ?? item.digest)}>{kinds[item.kind].label}</a>
              <p class="muted small">
                <Pushed text={typeOf(item)} />
                {item.size !== undefined && ` · ${sizeText(item.size)}`}
              </p>
            </div>
          </li>
        ))}
      </ul>
      <More pages={pages} />
    </section>
  );
}

/** What cosign attached by a tag has the type of any image. */
function typeOf({ artifactType, mediaType, tag, digest }: Referrer): string {
  if (tag !== undefined) return "attached by a tag";
  return artifactType ?? mediaType ?? digest;
}
