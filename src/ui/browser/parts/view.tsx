import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface ViewProps {
  /** Of the browser's tab. */
  readonly title: string;
  readonly heading: ComponentChildren;
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly crumbs?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A view of the page. Its heading gets the focus, so that a screen reader reads where one has arrived. */
export function View({ title, heading, lead, actions, crumbs, children }: ViewProps) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === "" ? "Berth" : `${title} · Berth`;
    head.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div class="stack wide">
      <div class="title-row">
        <div>
          {crumbs}
          <h1 ref={head} tabIndex={-1}>
            {heading}
          </h1>
          {lead !== undefined && <div class="lead">{lead}</div>}
        </div>
        {actions !== undefined && <div class="row">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
