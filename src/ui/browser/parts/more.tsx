import { useEffect, useRef } from "preact/hooks";
/** A list of which only the beginning is shown. */
export interface Growing {
  readonly hasMore: boolean;
  /** Whether more is on its way. */
  readonly isReading: boolean;
  readonly more: () => void;
}

/** Shows more of a list when its end comes into sight, or by a button. */
export function More({ pages }: { readonly pages: Growing }) {
  const end = useRef<HTMLDivElement>(null);
  const { more, hasMore, isReading } = pages;
  useEffect(() => {
    if (end.current === null) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && more(), { rootMargin: "600px" });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [more]);
  if (!hasMore) return null;
  return (
    <div ref={end} class="more">
      <button type="button" class="button plain" onClick={more} disabled={isReading}>
        {isReading ? "Loading…" : "Show more"}
      </button>
    </div>
  );
}
