import { useEffect, useState } from "preact/hooks";
import { agoText, dateText, exactText, timeOf } from "../text/dates.js";
import { sizeText } from "../text/sizes.js";

/** Control characters, except line breaks and tabs, as the signs that Unicode has for them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** They turn the letters around, and make `gnp.exe` look like `exe.png`. No language needs them. */
const overrides = /[\u202d\u202e]/g;

/**
 * Text that somebody pushed: a name, a label, a command. It is isolated, so that marks for writing from right to left
 * do not turn what stands beside it; those that would show other text than there is are shown by their code.
 */
export function Pushed({ text }: { readonly text: string }) {
  const shown = text
    .replace(controls, (sign) => String.fromCharCode(sign === "\u007f" ? 0x2421 : 0x2400 + sign.charCodeAt(0)))
    .replace(overrides, (sign) => `[U+${sign.charCodeAt(0).toString(16).toUpperCase()}]`);
  return <bdi>{shown}</bdi>;
}

const tickMs = 20_000;
const tickers = new Set<(nowMs: number) => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

/** One clock for all times on the page. */
function useNow(): number {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    tickers.add(setNow);
    ticking ??= setInterval(() => tickers.forEach((tick) => void tick(Date.now())), tickMs);
    return () => {
      tickers.delete(setNow);
      if (tickers.size > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    };
  }, []);
  return nowMs;
}

interface AgoProps {
  readonly time: string | undefined;
  /** Where there is no room for the date, it is only a tooltip. */
  readonly isShort?: boolean;
}

/** How long ago, with the date beside it. */
export function Ago({ time, isShort = false }: AgoProps) {
  const nowMs = useNow();
  const date = timeOf(time);
  if (date === undefined) return <span class="muted">unknown</span>;
  return (
    <time dateTime={date.toISOString()} title={exactText(date)}>
      {agoText(date, nowMs)}
      {!isShort && <span class="date"> {dateText(date)}</span>}
    </time>
  );
}

export function Size({ bytes }: { readonly bytes: number | undefined }) {
  if (bytes === undefined) return <span class="muted">unknown</span>;
  return (
    <span class="number" title={`${bytes.toLocaleString("en-GB")} bytes`}>
      {sizeText(bytes)}
    </span>
  );
}
