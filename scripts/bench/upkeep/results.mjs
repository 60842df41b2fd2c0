import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What was measured, by row and peer, kept beside the store for later runs. */
export class Results {
  values;
  #file;

  constructor(folder) {
    this.#file = join(folder, "results.json");
    this.values = new Map(existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : []);
  }

  add(measured) {
    for (const [row, runs] of Object.entries(measured)) this.values.set(row, runs);
    writeFileSync(this.#file, JSON.stringify([...this.values]));
  }
}
