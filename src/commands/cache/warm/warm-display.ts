import { showBytes } from "../../../foundation/byte-amount.js";
import type { WarmedImage, WarmingBlob, WarmingWatch } from "../../../proxy/warming/image-warmer.js";
import { showSeconds } from "./amounts.js";
import { barLine, shortDigest } from "./bar-line.js";
import { LiveLines, type Terminal } from "./live-lines.js";

const redrawEachMs = 200;

/** Shows the progress of warming. */
export interface WarmDisplay extends WarmingWatch {
  begins(imageCount: number): void;
  endImage(title: string, image: WarmedImage): void;
  /** Writes a log line without breaking what is drawn. */
  writeLog(text: string): void;
  /** Stops drawing. */
  close(): void;
  summarize(line: string): void;
}

/** Bars on a terminal; elsewhere, such as in a CI log, one line per blob and image. */
export function createDisplay(isQuiet: boolean): WarmDisplay {
  const { stdout } = process;
  if (isQuiet) return new PlainDisplay(() => {});
  if (!stdout.isTTY || process.env.TERM === "dumb") return new PlainDisplay((line) => stdout.write(`${line}\n`));
  return new BarDisplay(stdout);
}

class PlainDisplay implements WarmDisplay {
  readonly #say: (line: string) => void;
  readonly #began = new Map<WarmingBlob, number>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  begins(): void {}

  begin(blob: WarmingBlob): void {
    this.#began.set(blob, performance.now());
  }

  end(blob: WarmingBlob): void {
    const seconds = (performance.now() - (this.#began.get(blob) ?? 0)) / 1000;
    this.#began.delete(blob);
    if (blob.arrived < blob.size) return;
    const rest = blob.startedAt > 0 ? `, resumed after ${showBytes(blob.startedAt)}` : "";
    this.#say(`${blob.title}: ${shortDigest(blob.digest)} ${showBytes(blob.size)} in ${showSeconds(seconds)}${rest}`);
  }

  endImage(title: string, image: WarmedImage): void {
    this.#say(imageLine(title, image));
  }

  writeLog(text: string): void {
    process.stderr.write(text);
  }

  close(): void {}

  summarize(line: string): void {
    this.#say(line);
  }
}

class BarDisplay implements WarmDisplay {
  readonly #terminal: Terminal;
  readonly #lines: LiveLines;
  readonly #running = new Map<WarmingBlob, number>();
  #timer: NodeJS.Timeout | undefined;
  #imageCount = 0;
  #ended = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#lines = new LiveLines(terminal);
  }

  begins(imageCount: number): void {
    this.#imageCount = imageCount;
    this.#timer = setInterval(() => this.#draw(), redrawEachMs);
  }

  begin(blob: WarmingBlob): void {
    this.#running.set(blob, performance.now());
  }

  end(blob: WarmingBlob): void {
    this.#running.delete(blob);
  }

  endImage(title: string, image: WarmedImage): void {
    this.#ended++;
    this.#lines.clear();
    this.#terminal.write(`${imageLine(title, image)}\n`);
    this.#draw();
  }

  writeLog(text: string): void {
    this.#lines.clear();
    process.stderr.write(text);
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#lines.clear();
  }

  summarize(line: string): void {
    this.#terminal.write(`${line}\n`);
  }

  #draw(): void {
    if (this.#timer === undefined) return;
    const now = performance.now();
    const bars = [...this.#running].map(([blob, began]) => barLine(blob, now - began, this.#terminal.columns - 1));
    this.#lines.draw([...bars, `${this.#ended} of ${this.#imageCount} images`]);
  }
}

function imageLine(title: string, { fetched, present, failure }: WarmedImage): string {
  const amounts = `${showBytes(fetched)} downloaded, ${showBytes(present)} cached before`;
  return failure === undefined ? `${title}: ${amounts}` : `${title}: incomplete, ${amounts}`;
}
