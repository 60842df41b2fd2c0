import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** From the root of a data directory down to the parents of the two kinds of content. */
const repositories = ["docker", "registry", "v2", "repositories"];
const blobs = ["docker", "registry", "v2", "blobs", "sha256"];

/** Blobs that are being stored or removed: in the same file system as blobs, so that a rename is enough. */
const besideBlobs = /^\.berth\/(scratch|downloads|evicting|quarantine)(\/|$)/;

/**
 * Where Berth's own files are. A volume may be mounted below the root (`docker/registry/v2`, as in many recipes for
 * registry:2, or `blobs` and `repositories` separately), and a rename cannot cross file systems. So `.berth` is as high
 * as the file system of the repositories reaches: it moves with the volume, not with a container. If blobs have their
 * own file system, unfinished blobs are there.
 */
export class DataFolders {
  readonly root: string;
  /** The folder that contains `.berth`. */
  readonly state: string;
  /** The folder that contains the part of `.berth` for unfinished blobs and blobs to be removed. */
  readonly bulk: string;
  readonly #blobs: string;

  constructor(root: string) {
    this.root = resolve(root);
    const mounts = mountPoints();
    this.state = homeOf(this.root, repositories, mounts);
    this.bulk = homeOf(this.root, blobs, mounts);
    this.#blobs = `${join(this.root, ...blobs.slice(0, -1))}/`;
  }

  /** Whether a pushed blob must be copied, since its upload is in another file system. */
  get areApart(): boolean {
    return this.state !== this.bulk;
  }

  pathOf(key: string): string {
    if (!key.startsWith(".berth/")) return `${this.root}/${key}`;
    return `${besideBlobs.test(key) ? this.bulk : this.state}/${key}`;
  }

  /** A scratch folder from which a file can be renamed to this path. */
  scratchFor(path: string): string {
    return `${path.startsWith(this.#blobs) ? this.bulk : this.state}/.berth/scratch`;
  }

  /** All scratch folders. */
  get scratches(): readonly string[] {
    return [...new Set([this.state, this.bulk])].map((folder) => `${folder}/.berth/scratch`);
  }
}

/**
 * The highest folder in the same file system as the lowest. A lower one that already has a `.berth` keeps it: a
 * collection on the host must see the locks of a server whose container has the volume mounted there.
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

/** Whether a folder is in another file system than its parent, or a mount point: renames cannot cross either. */
function isApart(folder: string, mounts: ReadonlySet<string>): boolean {
  try {
    return statSync(join(folder, "..")).dev !== statSync(folder).dev || mounts.has(realpathSync(folder));
  } catch {
    // It does not exist, or this user cannot see it, and then cannot store anything in it either.
    return false;
  }
}

/** From Linux (proc_pid_mountinfo(5)): a bind mount has the same device as its parent. */
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
