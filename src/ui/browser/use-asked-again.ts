import { useEffect } from "preact/hooks";

const afterMs = 1_500;

/** Asks again as long as an answer says that the registry is still counting. */
export function useAskedAgain(answer: unknown, isCounting: boolean, ask: () => void): void {
  useEffect(() => {
    if (!isCounting) return undefined;
    const timer = setTimeout(ask, afterMs);
    return () => clearTimeout(timer);
  }, [answer, isCounting]);
}
