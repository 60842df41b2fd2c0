import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/request.js";
import { Icon, type IconName } from "./icon.js";

export type Tone = "good" | "warn" | "bad" | "plain";

const icons: Readonly<Record<Tone, IconName>> = { good: "good", warn: "alert", bad: "alert", plain: "info" };

export function Note({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <div class={`note ${tone}`}>
      <Icon name={icons[tone]} />
      <div>{children}</div>
    </div>
  );
}

/** What failed, and a way to try again. */
export function Failure({ error, retry }: { readonly error: ApiError; readonly retry?: (() => void) | undefined }) {
  return (
    <div role="alert">
      <Note tone="bad">
        {error.message}{" "}
        {retry !== undefined && (
          <button type="button" class="button plain" onClick={retry}>
            Try again
          </button>
        )}
      </Note>
    </div>
  );
}

export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="unseen">Loading…</span>
    </div>
  );
}

export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}
