import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** From the root of a data directory down to what the two kinds of content lie below. */
const repositories = ["docker", "registry", "v2", "repositories"];
const blobs = ["docker", "registry", "v2", "blobs", "sha256"];

/** What lies on its way to a blob or from one: beside the blobs, so that a rename is all it takes. */
const besideBlobs = /^\.berth\/(scratch|downloads|evicting)(\/|$)/;

/**
 * Where things lie below the root. A volume may be mounted below it (`docker/registry/v2`, as many recipes for
 * registry:2 have it, or `blobs` and `repositories` one by one), and nothing can be renamed from one into the other. So
 * `.berth` lies as high as the file system of the repositories reaches: it goes with the volume, and not with a
 * container. Where blobs have a file system of their own, what is on its way to them lies there.
 */
export class DataFolders {
  readonly root: string;
  /** The folder in which `.berth` lies. */
  readonly state: string;
  /** The folder in which the part of `.berth` lies that blobs come from and go to. */
  readonly bulk: string;
  readonly #blobs: string;

  constructor(root: string) {
    this.root = resolve(root);
    const mounts = mountPoints();
    this.state = homeOf(this.root, repositories, mounts);
    this.bulk = homeOf(this.root, blobs, mounts);
    this.#blobs = `${join(this.root, ...blobs.slice(0, -1))}/`;
  }

  /** Whether a blob that is pushed has to be copied, since its upload lies in another file system. */
  get areApart(): boolean {
    return this.state !== this.bulk;
  }

  pathOf(key: string): string {
    if (!key.startsWith(".berth/")) return `${this.root}/${key}`;
    return `${besideBlobs.test(key) ? this.bulk : this.state}/${key}`;
  }

  /** A place for what is given this path by a rename. */
  scratchFor(path: string): string {
    return `${path.startsWith(this.#blobs) ? this.bulk : this.state}/.berth/scratch`;
  }

  /** All folders that things are written aside in. */
  get scratches(): readonly string[] {
    return [...new Set([this.state, this.bulk])].map((folder) => `${folder}/.berth/scratch`);
  }
}

/**
 * The highest folder that is in one file system with the lowest. One further down that has a `.berth` already keeps it: a
 * collection on the host must meet the locks of a server whose container has the volume mounted there.
 */
function homeOf(root: string, components: readonly string[], mounts: ReadonlySet<string>): string {
  const folders = components.map((_, index) => join(root, ...components.slice(0, index + 1)));
  const lowestMount = folders.findLast((folder) => isApart(folder, mounts));
  const lowestHome = folders.findLast((folder) => existsSync(join(folder, ".berth")));
  return [lowestMount, lowestHome].reduce<string>(
    (lowest, folder) => (folder !== undefined && folder.length > lowest.length ? folder : lowest),
    root,
  );
}

/** Whether a folder is in another file system than the one it lies in, or mounted: then no rename crosses, either. */
function isApart(folder: string, mounts: ReadonlySet<string>): boolean {
  try {
    return statSync(join(folder, "..")).dev !== statSync(folder).dev || mounts.has(realpathSync(folder));
  } catch {
    // Not there yet, or not to be seen by this user, who can store nothing in it either.
    return false;
  }
}

/** Of Linux (proc_pid_mountinfo(5)): a folder that is mounted a second time is of one device with what it lies in. */
function mountPoints(): ReadonlySet<string> {
  try {
    const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    return new Set(lines.map((line) => unescaped(line.split(" ")[4] ?? "")));
  } catch {
    return new Set();
  }
}

/** Spaces and the like are written as octal numbers there. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
