// biome-ignore lint/style/noRestrictedImports: the one way in which every part reads a file of settings
import { constants, type Stats } from "node:fs";
// biome-ignore lint/style/noRestrictedImports: as above
import { type FileHandle, open, stat } from "node:fs/promises";
import { devNull } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { showBytes } from "./byte-amount.js";

/** What a file may cost that a person has named. */
export interface SmallFileLimits {
  readonly mostBytes: number;
  /** Time in which a pipe must have given everything. A program behind it may ask for a passphrase first. */
  readonly pipeMs: number;
}

/** Enough for an htpasswd file of 100,000 users, and for the authorities of every system. */
const defaults: SmallFileLimits = { mostBytes: 16 * 1024 * 1024, pipeMs: 10_000 };

/** Opening a pipe without a writer would block one of Node's few threads for ever, even when the process ends. */
const withoutWaiting = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const lookAgainMs = 20;
const pieceBytes = 64 * 1024;

/**
 * Reads a file that a person has named in a setting or on the command line: a file, or a pipe such as `/dev/stdin` and
 * `<(command)`. Whatever else stands under the path, this ends soon and reads a bounded amount.
 * @throws Error whose message continues "cannot be read: ", with the system's `code` if it has one
 */
export async function readSmallFile(path: string, limits: Partial<SmallFileLimits> = {}): Promise<Buffer> {
  const { mostBytes, pipeMs } = { ...defaults, ...limits };
  const fail = (error: unknown): never => {
    throw explained(error, path);
  };
  const stats = await stat(path).catch(fail);
  const wrongKind = whyNotReadable(stats, path);
  if (wrongKind !== undefined) throw wrongKind;
  const handle = await open(path, withoutWaiting).catch(fail);
  try {
    const pieces = stats.isFIFO() ? piecesOfPipe(handle, pipeMs) : piecesOfFile(handle);
    return await collect(pieces, mostBytes);
  } finally {
    await handle.close();
  }
}

/**
 * Reads standard input to its end, however long that takes: what writes into it, often a person, is in the same hands as
 * this process.
 * @throws Error whose message continues "cannot be read: ", if it is larger than a file may be
 */
export async function readSmallInput(input: AsyncIterable<Buffer>): Promise<string> {
  return (await collect(input, defaults.mostBytes)).toString("utf8");
}

/** What the system's codes mean, for people. */
const reasons: ReadonlyMap<unknown, (path: string) => string> = new Map([
  ["ENOENT", (path) => `there is no file ${path}`],
  ["ENOTDIR", (path) => `a folder in ${path} is a file`],
  ["EACCES", (path) => `this user may not read ${path}`],
  ["EPERM", (path) => `this user may not read ${path}`],
]);

/** The reason in words, where it is known. */
function explained(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = reasons.get(code)?.(path);
  return reason === undefined ? error : Object.assign(new Error(`${reason} (${code})`, { cause: error }), { code });
}

/** {@link readSmallFile}, as text in UTF-8. */
export async function readSmallText(path: string, limits?: Partial<SmallFileLimits>): Promise<string> {
  return (await readSmallFile(path, limits)).toString("utf8");
}

/** A terminal or `/dev/zero` never ends; a disk is no file of settings. `/dev/null` is an empty file to many people. */
function whyNotReadable(stats: Stats, path: string): Error | undefined {
  if (stats.isFile() || stats.isFIFO() || (path === devNull && stats.isCharacterDevice())) return undefined;
  if (stats.isDirectory()) return Object.assign(new Error("it is a folder; name a file in it"), { code: "EISDIR" });
  return new Error(`it is a ${stats.isSocket() ? "socket" : "device"}; name a file or a pipe`);
}

async function collect(pieces: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const collected: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    collected.push(piece);
    size += piece.length;
    if (size > mostBytes) throw new Error(`it is larger than ${showBytes(mostBytes)}, the most that is read`);
  }
  return Buffer.concat(collected, size);
}

async function* piecesOfFile(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* piecesOfPipe(handle: FileHandle, withinMs: number): AsyncGenerator<Buffer> {
  const untilMs = performance.now() + withinMs;
  let hasWriter = false;
  for (;;) {
    const piece = await readPipe(handle);
    // A pipe whose writer has not come yet looks like one that has ended.
    if (piece?.length === 0 && hasWriter) return;
    if (piece !== undefined && piece.length > 0) yield piece;
    hasWriter ||= piece === undefined || piece.length > 0;
    if (performance.now() > untilMs) throw new Error(tooSlow(withinMs, hasWriter));
    if (piece === undefined || piece.length === 0) await wait(lookAgainMs);
  }
}

/** What the pipe holds now; nothing if it has no writer, `undefined` if its writer has not written yet. */
async function readPipe(handle: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes));
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}

function tooSlow(withinMs: number, hasWriter: boolean): string {
  const seconds = withinMs / 1000;
  return hasWriter
    ? `it is a pipe that did not end within ${seconds} seconds`
    : `it is a pipe into which no program wrote within ${seconds} seconds`;
}
