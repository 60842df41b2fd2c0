import { useEffect, useRef } from "preact/hooks";
import type { Pages } from "../api/use-pages.js";

/** Reads the next page of a list when its end comes into sight, or by a button. */
export function More({ pages }: { readonly pages: Pages<unknown> }) {
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
