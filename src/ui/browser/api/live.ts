import { useEffect, useRef, useState } from "preact/hooks";
import type { DownloadList, Summary } from "./registry-answers.js";
import { ApiError, apiPath, open } from "./request.js";

/** The numbers that change while one looks. */
export interface Live {
  readonly summary?: Summary;
  readonly downloads?: DownloadList;
  /** Set while nothing arrives. */
  readonly problem?: ApiError;
}

/** Other views than home only learn from it that their session has ended: it must not hold up what they show. */
const laterMs = 2_000;
const shortestPauseMs = 1_000;
const longestPauseMs = 30_000;

/**
 * Follows the registry's events while the page is visible. By `fetch` and not by EventSource, which can send no header
 * and tells no status: an ended session would be asked again for ever.
 */
export function useLive({ isOn, isShown }: { readonly isOn: boolean; readonly isShown: boolean }): Live {
  const [live, setLive] = useState<Live>({});
  const wasShown = useRef(false);
  wasShown.current ||= isShown;
  useEffect(() => {
    if (!isOn) return undefined;
    const tell = (part: Live) => setLive((last) => ({ ...last, ...part }));
    const follower = new Follower(tell, wasShown.current ? 0 : laterMs);
    return () => follower.stop();
  }, [isOn, wasShown.current]);
  return live;
}

class Follower {
  readonly #tell: (part: Live) => void;
  readonly #onVisibility = () => (document.hidden ? this.#pause() : this.#start());
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pauseMs = shortestPauseMs;

  constructor(tell: (part: Live) => void, afterMs: number) {
    this.#tell = tell;
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#timer = setTimeout(() => this.#start(), afterMs);
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#pause();
  }

  /** A hidden page costs the registry nothing. */
  #pause(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #start(): void {
    if (this.#abort !== undefined || document.hidden) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#follow(abort.signal).catch((error: unknown) => {
      if (abort.signal.aborted) return;
      this.#abort = undefined;
      if (error instanceof ApiError) this.#tell({ problem: error });
      if (error instanceof ApiError && error.status === 401) return;
      this.#timer = setTimeout(() => this.#start(), this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const reader = (await open(apiPath("live"), signal)).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ApiError(0, "The registry ended the connection.");
      const events = (text + value).split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) this.#take(event);
    }
  }

  /** @param event lines such as `event: summary` and `data: {...}`, or a comment */
  #take(event: string): void {
    this.#pauseMs = shortestPauseMs;
    const kind = /^event: ?(.*)$/m.exec(event)?.[1];
    const data = /^data: ?(.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    // By the description of the API, each kind has one type.
    const { problem: _, ...rest } = { problem: undefined, ...partOf(kind, JSON.parse(data)) };
    this.#tell(rest);
  }
}

function partOf(kind: string | undefined, data: unknown): Live {
  if (kind === "summary") return { summary: data as Summary };
  if (kind === "downloads") return { downloads: data as DownloadList };
  return {};
}
