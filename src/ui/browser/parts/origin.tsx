import type { Origin } from "../api/content-answers.js";
import { Icon } from "./icon.js";

/** Whether content was pushed here, or comes from another registry. */
export function OriginBadge({ origin }: { readonly origin: Origin }) {
  if (origin.kind === "own") return <span class="badge accent">Pushed here</span>;
  return (
    <span class="badge">
      <Icon name="cloud" /> Cached from {origin.upstream ?? "an upstream"}
    </span>
  );
}
