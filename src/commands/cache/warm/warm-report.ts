import { messageOf } from "../../../config/problem.js";
import { showBytes } from "../../../foundation/byte-amount.js";
import type { WarmedImage } from "../../../proxy/warming/image-warmer.js";
import { ExplainedError } from "../../../serving/explained-error.js";
import { showSeconds } from "./amounts.js";
import type { WarmDisplay } from "./warm-display.js";

/** The summary of all images. */
export class WarmReport {
  readonly #display: WarmDisplay;
  readonly #startedAt = performance.now();
  readonly #failures: string[] = [];
  #images = 0;
  #fetched = 0;
  #present = 0;

  constructor(display: WarmDisplay) {
    this.#display = display;
  }

  add(title: string, image: WarmedImage): void {
    this.#images++;
    this.#fetched += image.fetched;
    this.#present += image.present;
    if (image.failure !== undefined) this.#failures.push(`${title}: ${messageOf(image.failure)}`);
    this.#display.endImage(title, image);
  }

  /** @throws ExplainedError if an image is incomplete */
  finish(isStopped: boolean): void {
    const images = this.#images - this.#failures.length;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#display.summarize(
      `${images} ${images === 1 ? "image is" : "images are"} cached: ${showBytes(this.#fetched)} downloaded, ` +
        `${showBytes(this.#present)} cached before, ${showSeconds(seconds)}`,
    );
    if (isStopped) throw new ExplainedError("stopped; what arrived stays, and the same command resumes there");
    if (this.#failures.length === 0) return;
    const count = this.#failures.length === 1 ? "1 image is" : `${this.#failures.length} images are`;
    throw new ExplainedError(`${count} incomplete`, this.#failures);
  }
}
