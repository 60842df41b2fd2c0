import type { TagGuard } from "../api/content-answers.js";
import { Icon } from "./icon.js";

const meanings: Readonly<Record<TagGuard, string>> = {
  immutable: "A retention policy lets nobody move or delete this tag",
  protected: "A retention policy lets nobody delete this tag",
};

/** That a tag cannot be changed. */
export function GuardBadge({ guard }: { readonly guard: TagGuard }) {
  return (
    <span class="badge" title={meanings[guard]}>
      <Icon name="shield" /> {guard}
    </span>
  );
}
