import type { Logger } from "../../observability/logger.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { StagedObject } from "../../storage/staging.js";
import type { Storage } from "../../storage/storage.js";
import type { Demand } from "../../upstream/limits/demand.js";
import type { CachedHolders } from "../cached-holders.js";
import { claim } from "../ownership.js";
import { beginTransfer } from "./begin-transfer.js";
import type { BlobTransfer, TransferOptions } from "./blob-transfer.js";
import { ArrivalBound, type CacheRoom, cannotBeKept, refuseLarger } from "./cache-room.js";
import type { DownloadReport } from "./download-report.js";
import type { DownloadState } from "./download-state.js";
import { receiveEncoded } from "./encoded-body.js";
import { receivePlain } from "./plain-body.js";
import { isWorthless } from "./unwatched-downloads.js";
import type { WantedBlob } from "./wanted-blob.js";

/** The least that is freed if space is missing. */
const leastRoom = 64 * 1024 * 1024;

/** A download, to those that carry it out. */
export interface RunningDownload {
  readonly wanted: WantedBlob;
  readonly state: DownloadState;
  readonly watchers: Demand;
  readonly storage: Storage;
  readonly room: CacheRoom;
  readonly holders: CachedHolders;
  readonly log: Logger;
  readonly report: DownloadReport;
}

/**
 * Fetches a blob into the storage. On a full disk, older content is deleted, if allowed; otherwise the arrived bytes
 * are, since a part only takes the space that others need.
 * @returns its size
 */
export async function fetchBlob(download: RunningDownload, options: TransferOptions): Promise<number> {
  for (;;) {
    const size = await fetchOnce(download, options);
    if (size !== "try again") return size;
  }
}

async function fetchOnce(download: RunningDownload, options: TransferOptions): Promise<number | "try again"> {
  const { wanted, storage, room, watchers, report } = download;
  await room.belowLimit();
  const transfer = await beginTransfer(wanted, storage.downloads.staged(wanted.digest), options);
  const blob = { expected: transfer.announced ?? wanted.size, arrived: transfer.length };
  const bound = new ArrivalBound({ storage, room }, watchers, blob);
  if (transfer.length === 0) download.state.beginAnew();
  try {
    refuseLarger(transfer.announced, room);
    return await receive(download, transfer, bound, options.signal);
  } catch (error) {
    if (isWorthless(options.signal.reason, transfer.length)) await storage.downloads.drop(wanted.digest);
    if (!cannotBeKept(error)) throw error;
    if (isOutOfRoom(error) && (await makeRoom(download, bound))) return "try again";
    await storage.downloads.drop(wanted.digest);
    throw error;
  } finally {
    bound.release();
    transfer.close();
    report.noteFetched(transfer.received);
  }
}

/** Never more than has arrived, and nothing for more than the upstream announced: that may be a lie. */
async function makeRoom({ wanted, storage, room }: RunningDownload, { missing }: ArrivalBound): Promise<boolean> {
  const arrived = (await storage.downloads.staged(wanted.digest).stat())?.size ?? 0;
  const bytes = Math.min(missing, Math.max(arrived, leastRoom));
  return bytes > 0 && (await room.makeRoom(bytes)) > 0;
}

async function receive(
  download: RunningDownload,
  transfer: BlobTransfer,
  bound: ArrivalBound,
  signal: AbortSignal,
): Promise<number> {
  const { wanted, state, storage } = download;
  await claim(storage, wanted.name, wanted.client.name);
  state.begin(transfer.codings.length === 0 ? transfer.announced : undefined);
  if (state.size === undefined) await storage.downloads.forgetSize(wanted.digest);
  else await storage.downloads.noteSize(wanted.digest, state.size);
  const staged = await (transfer.isInDoubt ? receiveEncoded : receivePlain)(download, transfer, bound);
  const size = (await staged.stat())?.size ?? 0;
  // Without the lock, another process may be writing to the same file.
  signal.throwIfAborted();
  await keep(download, staged);
  return size;
}

/** Gives the proved content its name. */
export async function keep({ wanted, storage, holders }: RunningDownload, staged: StagedObject): Promise<void> {
  const { name, digest, client } = wanted;
  // `berth cache rm` may have removed the repository meanwhile.
  await claim(storage, name, client.name);
  const size = (await staged.stat())?.size ?? 0;
  const wasStored = await storage.repository(name).addBlob(digest, staged);
  if (!wasStored) storage.noteArriving(size);
  holders.note(digest, name);
  await storage.downloads.forgetSize(digest);
}
