import type { WarmingBlob } from "../../../proxy/warming/image-warmer.js";
import { showBytes, showSeconds } from "./amounts.js";

const barCells = 20;
const shortestTitle = 12;
const digestDigits = 12;
/** Of the longest, so that nothing jumps: ` 199.9 MB / 200.0 MB  12.3 MB/s 12 min 30 s left`. */
const figuresWidth = 49;

/**
 * One line about a blob on its way: what it is, how far it has come, how fast, and how long it will take.
 * @param columns which the line must not exceed, or the terminal would break it
 */
export function barLine(blob: WarmingBlob, elapsedMs: number, columns: number): string {
  const figures = figuresOf(blob, elapsedMs);
  const bar = ` ${barOf(blob)}`;
  const id = ` ${shortDigest(blob.digest)}`;
  // What a narrow terminal has no place for goes in this order.
  for (const tail of [id + bar + figures, bar + figures, figures]) {
    const room = columns - tail.length;
    if (room >= shortestTitle) return fitted(blob.title, room) + tail;
  }
  return figures.slice(1, columns + 1);
}

/** `a3ed95caeb02` of `sha256:a3ed95caeb02...`. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, digestDigits);
}

function figuresOf({ size, startedAt, arrived }: WarmingBlob, elapsedMs: number): string {
  const amount = `${showBytes(arrived)} / ${showBytes(size)}`.padStart(19);
  // What an earlier transfer left came at no speed at all.
  const bytesPerSecond = (Math.max(0, arrived - startedAt) / Math.max(elapsedMs, 1)) * 1000;
  if (bytesPerSecond === 0) return ` ${amount}`.padEnd(figuresWidth);
  const rate = `${showBytes(bytesPerSecond)}/s`.padStart(10);
  const left = `${showSeconds((size - arrived) / bytesPerSecond)} left`;
  return ` ${amount} ${rate} ${left}`.padEnd(figuresWidth);
}

function barOf({ size, arrived }: WarmingBlob): string {
  const full = size === 0 ? barCells : Math.floor((arrived / size) * barCells);
  return `[${"#".repeat(full)}${"-".repeat(barCells - full)}]`;
}

/** The end of an image's name tells more than its beginning. */
function fitted(title: string, room: number): string {
  return title.length <= room ? title.padEnd(room) : `...${title.slice(title.length - room + 3)}`;
}
