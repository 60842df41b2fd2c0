import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addGarbage, addImage, makeCollectedStore } from "../../make-collected-store.mjs";
import { Layout } from "../layout.mjs";

const largeBlobs = 16;
const largeBytes = 64 * 1024 * 1024;

/** A data directory that all steps measure, and that is put back into the same state before each turn. */
export class UpkeepStore {
  /** Of 100,000 blobs and 20,000 manifests. */
  data;
  /** Of a few large blobs. */
  large;
  /** For configurations and logs. */
  home;
  #names;
  #added = Date.now();

  constructor(folder, names) {
    this.home = folder;
    this.data = join(folder, "data");
    this.large = join(folder, "large");
    this.#names = names;
  }

  /** 1,000 blobs that nothing needs, and nothing known of earlier collections. */
  restore() {
    addGarbage(this.data);
    this.forgetCollections();
  }

  /** Lets the next collection read everything. */
  forgetCollections() {
    rmSync(join(this.data, ".berth/collection"), { recursive: true, force: true });
  }

  /** Adds an image to each of the 200 repositories, which have some hundred: 1 % of the images is new. */
  grow() {
    this.#added++;
    for (const name of this.#names) addImage(this.data, name, `new-${this.#added}`);
  }
}

/** Makes the store, unless it is there. */
export function makeStore(folder, say) {
  const made = join(folder, "made");
  mkdirSync(folder, { recursive: true });
  const names = Array.from({ length: 200 }, (_, index) => `team/app-${index}`);
  const store = new UpkeepStore(folder, names);
  if (existsSync(made)) return store;
  say("100,000 blobs and 20,000 manifests are being made, which takes a minute or two");
  makeCollectedStore(store.data);
  const layout = new Layout(store.large);
  const layers = Array.from({ length: largeBlobs }, () => layout.putRandomBlob("large", largeBytes));
  layout.putImage("large", ["latest"], layers);
  writeFileSync(made, "");
  return store;
}
