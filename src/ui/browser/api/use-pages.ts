import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Page } from "./registry-answers.js";
import { type ApiError, apiPath, type Parameters, read } from "./request.js";
import { asApiError } from "./use-answer.js";

/** A list that is read page by page. */
export interface Pages<Item> {
  readonly items: readonly Item[];
  /** The same page by page: those that were there stay the same objects, so that they need not be shown again. */
  readonly pages: readonly (readonly Item[])[];
  readonly total?: number | undefined;
  /** Whether the first page has arrived. */
  readonly isKnown: boolean;
  readonly isReading: boolean;
  readonly hasMore: boolean;
  readonly error?: ApiError | undefined;
  readonly more: () => void;
  readonly reload: () => void;
}

interface State<Item> {
  readonly key: string;
  readonly pages: readonly (readonly Item[])[];
  readonly next?: string | undefined;
  readonly total?: number | undefined;
  readonly isKnown: boolean;
  readonly error?: ApiError | undefined;
}

/** The pages that follow a short first one. */
const furtherItems = 100;

/** Reads a list of the API; another list begins when its parameters change, and the old one stays until it is there. */
export function usePages<Item>(resource: string, parameters: Parameters): Pages<Item> {
  const key = apiPath(resource, parameters);
  const [state, setState] = useState<State<Item>>({ key: "", pages: [], isKnown: false });
  const [isReading, setReading] = useState(true);
  const abort = useRef<AbortController>(undefined);
  const readPage = useCallback(
    (last: string | undefined, before: readonly (readonly Item[])[]) => {
      abort.current?.abort();
      const controller = new AbortController();
      abort.current = controller;
      setReading(true);
      const isShort = last !== undefined && parameters.n !== undefined;
      const asked = { ...parameters, ...(isShort && { n: furtherItems }), last };
      read<Page<Item>>(apiPath(resource, asked), controller.signal).then(
        ({ items, next, total }) => {
          setState({ key, pages: [...before, items], next, total, isKnown: true });
          setReading(false);
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          setState((old) => ({ ...old, key, error: asApiError(error) }));
          setReading(false);
        },
      );
    },
    [key],
  );
  // An effect of the layout, since others wait until the view without the list has been painted.
  useLayoutEffect(() => {
    readPage(undefined, []);
    return () => abort.current?.abort();
  }, [readPage]);
  const { pages, next, total, isKnown, error } = state;
  return {
    items: pages.flat(),
    pages,
    total,
    isKnown,
    isReading,
    hasMore: next !== undefined && state.key === key,
    error,
    more: () => {
      if (!isReading && next !== undefined && state.key === key) readPage(next, pages);
    },
    reload: () => readPage(undefined, []),
  };
}
