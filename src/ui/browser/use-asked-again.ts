import { useEffect, useRef } from "preact/hooks";

/** Most of what could not be counted in time for the first answer is there right after it. */
const firstAfterMs = 150;
const longestAfterMs = 1_500;

/** Asks again as long as an answer says that the registry is still counting, at ever longer intervals. */
export function useAskedAgain(answer: unknown, isCounting: boolean, ask: () => void): void {
  const afterMs = useRef(firstAfterMs);
  useEffect(() => {
    if (!isCounting) {
      afterMs.current = firstAfterMs;
      return undefined;
    }
    const timer = setTimeout(ask, afterMs.current);
    afterMs.current = Math.min(afterMs.current * 2, longestAfterMs);
    return () => clearTimeout(timer);
  }, [answer, isCounting]);
}
