import type { NamesWanted } from "../../driver.js";
import { wantedOf } from "../sorted-names.js";
import type { FolderReading } from "./kept-versions.js";
import { lastName, listedAtOnce, type NextPage, type PageWanted } from "./listed-page.js";
import type { S3Bucket } from "./s3-bucket.js";

/** Above this number of names that may still come earlier, the next page costs less than looking for each. */
const lookedForAtOnce = 4;

/**
 * The names of the children of a key, in the order of names. A bucket has another order: it puts the folder `a/` after
 * `a-b`, although `a` comes first. So a name is certain only once the list has passed the folders of all its
 * beginnings, such as `a` for `a-b`; if those are few, they are looked for.
 */
export async function listFolder(
  bucket: S3Bucket,
  key: string,
  wanted: NamesWanted = {},
  reading: FolderReading = "folders",
): Promise<readonly string[]> {
  const { after = "", limit = Number.POSITIVE_INFINITY } = wanted;
  if (limit <= 0) return [];
  const folder = new Folder(bucket, `${key}/`, { after, reading, first: limit });
  while (await folder.readOn()) {
    const first = folder.names({ limit });
    if (first.length < limit) continue;
    const pending = folder.mayPrecede(first);
    if (pending.size > lookedForAtOnce) continue;
    for (const name of pending) await folder.lookFor(name);
    break;
  }
  return folder.names({ limit });
}

interface FolderPlace {
  readonly after: string;
  readonly reading: FolderReading;
  readonly first: number;
}

/** What has been read of a folder, in the order of the bucket. */
class Folder {
  readonly #bucket: S3Bucket;
  readonly #begin: string;
  readonly #after: string;
  readonly #reading: FolderReading;
  readonly #names = new Set<string>();
  /** The list has passed everything that sorts up to here, as a key. */
  #passed = "";
  #nextPage: PageWanted;

  /** @param place `first`: how many names are wanted, so that the first answer need not hold more: reading it takes time */
  constructor(bucket: S3Bucket, begin: string, { after, reading, first }: FolderPlace) {
    this.#bucket = bucket;
    this.#begin = begin;
    this.#after = after;
    this.#reading = reading;
    const asFew = reading === "folders" && first < listedAtOnce ? { limit: first + 1 } : {};
    this.#nextPage = { ...asFew, ...(after === "" ? {} : { after: `${begin}${after}` }) };
  }

  /** @returns whether there is more to read */
  async readOn(): Promise<boolean> {
    const page = await this.#bucket.list(this.#begin, { ...this.#nextPage, folders: this.#reading === "folders" });
    const objects = page.objects.map(({ key }) => key.slice(this.#begin.length));
    const folders = page.folders.map((key) => `${key.slice(this.#begin.length)}/`);
    for (const path of [...objects, ...folders]) this.#add(childOf(path));
    this.#passed = [objects.at(-1) ?? "", folders.at(-1) ?? "", this.#passed].sort().at(-1) ?? "";
    this.#nextPage = this.#pageAfter(objects.at(-1), page.next);
    return page.next !== undefined;
  }

  /** Objects of a child that has been seen are left out: a repository has thousands. */
  #pageAfter(lastObject: string | undefined, next: NextPage | undefined): PageWanted {
    if (this.#reading === "folders" || !lastObject?.includes("/")) return { next };
    return { after: `${this.#begin}${childOf(lastObject)}/${lastName}` };
  }

  names(wanted: NamesWanted): readonly string[] {
    return wantedOf([...this.#names].sort(), wanted);
  }

  /** Beginnings of these names that may be folders further on in the list. */
  mayPrecede(names: readonly string[]): ReadonlySet<string> {
    const isAhead = (name: string) => name > this.#after && `${name}/` > this.#passed;
    return new Set(names.flatMap(beginningsBeforeSlash).filter(isAhead));
  }

  async lookFor(name: string): Promise<void> {
    const { objects } = await this.#bucket.list(`${this.#begin}${name}/`, { limit: 1 });
    if (objects.length > 0) this.#add(name);
  }

  #add(name: string): void {
    if (name > this.#after) this.#names.add(name);
  }
}

/** The name up to the first slash. */
function childOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}

/** Beginnings that come before a name, while a bucket puts what is below them after it: `a` for `a-b`. */
function beginningsBeforeSlash(name: string): readonly string[] {
  const lengths = Array.from({ length: name.length - 1 }, (_, index) => index + 1);
  return lengths.filter((length) => (name[length] ?? "/") < "/").map((length) => name.slice(0, length));
}
