import type { ChildManifest } from "../api/content-answers.js";
import { isPlatform } from "../api/first-requests.js";
import { Digest } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { platformText } from "../parts/platforms.js";
import { Pushed } from "../parts/text.js";
import { imageHref } from "../routes.js";
import { countOf, countText, sizeText } from "../text/sizes.js";

interface PlatformPickerProps {
  readonly manifests: readonly ChildManifest[];
  /** How many more the index has. */
  readonly notRead: number;
  /** Whether all that were read are to be shown. */
  readonly isWhole: boolean;
  readonly showWhole: () => void;
  readonly picked: string | undefined;
  readonly pick: (digest: string) => void;
  readonly repository: string;
}

/** More than images have; an index of a thousand manifests must not push everything else off the screen. */
const shownPlatforms = 24;

/** The platforms of an index; the rest of the view shows the one that is picked. */
export function PlatformPicker({
  manifests,
  notRead,
  isWhole,
  showWhole,
  picked,
  pick,
  repository,
}: PlatformPickerProps) {
  const platforms = manifests.filter(isPlatform);
  const attestations = manifests.filter((manifest) => !isPlatform(manifest));
  const shown = isWhole ? platforms : platforms.slice(0, shownPlatforms);
  const hidden = platforms.length - shown.length + notRead;
  const chosen = platforms.find(({ digest }) => digest === picked);
  return (
    <section class="card" aria-labelledby="platforms">
      <div class="card-head">
        <h2 id="platforms">
          Platforms <span class="muted number">{countText(platforms.length + notRead)}</span>
        </h2>
        {chosen !== undefined && (
          <a class="mono" href={imageHref(repository, chosen.digest)}>
            {chosen.digest.slice(0, 19)}…
          </a>
        )}
      </div>
      <fieldset class="platforms">
        <legend class="unseen">Show</legend>
        {shown.map((manifest) => (
          <PlatformButton key={manifest.digest} manifest={manifest} isPicked={manifest.digest === picked} pick={pick} />
        ))}
      </fieldset>
      {hidden > 0 && !isWhole && (
        <p class="pad">
          <button type="button" class="button plain" onClick={showWhole}>
            Show {countOf(hidden, "more manifest")}
          </button>
        </p>
      )}
      {attestations.length > 0 && (
        <details class="fold">
          <summary>{countOf(attestations.length, "attestation")} beside them, by BuildKit</summary>
          <ul class="stack tight">
            {attestations.slice(0, shownPlatforms).map(({ digest }) => (
              <li key={digest} class="row">
                <Icon name="shield" />
                <a class="mono" href={imageHref(repository, digest)}>
                  {digest.slice(0, 19)}…
                </a>
                <Digest digest={digest} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

interface PlatformButtonProps {
  readonly manifest: ChildManifest;
  readonly isPicked: boolean;
  readonly pick: (digest: string) => void;
}

function PlatformButton({ manifest, isPicked, pick }: PlatformButtonProps) {
  const { platform, total, size, stored, digest } = manifest;
  const shownSize = total ?? size;
  return (
    <button type="button" class="platform" aria-pressed={isPicked} onClick={() => pick(digest)}>
      <Pushed text={platform === undefined ? digest.slice(7, 19) : platformText(platform)} />
      <span class="muted small">{stored ? shownSize !== undefined && sizeText(shownSize) : "not stored"}</span>
    </button>
  );
}
