import type { Platform } from "../api/content-answers.js";
import { Pushed } from "./text.js";

const shownPlatforms = 3;

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== "").join("/");
}

/** The first platforms of an image, and how many more there are. */
export function PlatformBadges({ platforms }: { readonly platforms: readonly Platform[] }) {
  const names = platforms.filter(({ os }) => os !== "unknown").map(platformText);
  const rest = names.slice(shownPlatforms);
  return (
    <>
      {names.slice(0, shownPlatforms).map((name) => (
        <span class="badge" key={name}>
          <Pushed text={name} />
        </span>
      ))}
      {rest.length > 0 && (
        <span class="badge" title={rest.join(", ")}>
          +{rest.length}
        </span>
      )}
    </>
  );
}
