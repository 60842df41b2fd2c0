import { useCallback, useLayoutEffect, useState } from "preact/hooks";
import { ApiError, read, requestAhead } from "./request.js";

/** What is known of an answer. While it is requested again, the last one stays. */
export interface Answered<Answer> {
  readonly answer?: Answer | undefined;
  readonly error?: ApiError | undefined;
  readonly reload: () => void;
}

/** Recent answers, so that going back shows a view at once; it is then requested again. */
const recent = new Map<string, unknown>();
const mostRecent = 200;

/**
 * Requests a path of the API, and again whenever it changes; nothing for `undefined`.
 * @param furtherRequests what the view will request once it shows the answer: sent while it is being built
 */
export function useAnswer<Answer>(
  path: string | undefined,
  furtherRequests: (answer: Answer) => readonly string[] = () => [],
): Answered<Answer> {
  const [state, setState] = useState<{
    path?: string | undefined;
    answer?: Answer | undefined;
    error?: ApiError | undefined;
  }>({});
  const [turn, setTurn] = useState(0);
  // An effect of the layout, since others wait until the view without the answer has been painted.
  useLayoutEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    read<Answer>(path, abort.signal).then(
      (answer) => {
        if (!recent.has(path)) requestAhead(furtherRequests(answer));
        remember(path, answer);
        setState({ path, answer });
      },
      (error: unknown) => {
        if (!abort.signal.aborted)
          setState((last) => ({
            path,
            answer: last.path === path ? last.answer : undefined,
            error: asApiError(error),
          }));
      },
    );
    return () => abort.abort();
  }, [path, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  // By its path, so the type is the one with which it was requested.
  const known = path === undefined ? undefined : (recent.get(path) as Answer | undefined);
  if (state.path !== path) return { answer: known, reload };
  return { answer: state.answer, error: state.error, reload };
}

/** Forgets all answers, such as after a change or another sign-in. */
export function forgetAnswers(): void {
  recent.clear();
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error));
}

function remember(path: string, answer: unknown): void {
  recent.delete(path);
  recent.set(path, answer);
  if (recent.size > mostRecent) for (const oldest of recent.keys()) return void recent.delete(oldest);
}
