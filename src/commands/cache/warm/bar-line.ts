import { showBytes } from "../../../foundation/byte-amount.js";
import type { WarmingBlob } from "../../../proxy/warming/image-warmer.js";
import { showSeconds } from "./amounts.js";

const barCells = 20;
const shortestTitle = 12;
const digestDigits = 12;
/** Width of the longest figures, so that columns do not jump: ` 199.9 MB / 200.0 MB  12.3 MB/s 12 min 30 s left`. */
const figuresWidth = 49;

/**
 * One line about a running download: image, progress, speed and time left.
 * @param columns width of the terminal; a longer line would wrap
 */
export function barLine(blob: WarmingBlob, elapsedMs: number, columns: number): string {
  const figures = figuresOf(blob, elapsedMs);
  const bar = ` ${barOf(blob)}`;
  const id = ` ${shortDigest(blob.digest)}`;
  // A narrow terminal loses its parts in this order.
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
  // Bytes from an earlier transfer do not count towards the speed.
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

/** Cuts the beginning: the end of an image's name says more. */
function fitted(title: string, room: number): string {
  return title.length <= room ? title.padEnd(room) : `...${title.slice(title.length - room + 3)}`;
}
