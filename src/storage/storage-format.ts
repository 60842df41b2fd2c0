import { isOutOfRoom, StorageError } from "../oci/storage-error.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/**
 * The format of what Berth stores beside the layout of the distribution registry. Raise `version` with each change that
 * older versions need not understand, and `oldestReader` to it with each one that they must.
 */
export const ownFormat = { version: 1, oldestReader: 1 } as const;

interface StorageFormat {
  readonly version: number;
  /** The lowest version of a Berth that can use this storage. */
  readonly oldestReader: number;
}

const longestFormat = 4096;

/**
 * Refuses a storage that a newer Berth has changed in a way that this one does not know.
 * @throws StorageError that says what to do
 */
export async function checkFormat(driver: Pick<StorageDriver, "read">): Promise<StorageFormat | undefined> {
  const bytes = await driver.read(layout.format, longestFormat);
  if (bytes === undefined) return undefined;
  const format = parse(bytes);
  if (format === undefined)
    throw new StorageError(
      "unavailable",
      `the storage's ${layout.format} is not a format record: restore it, or delete it if only this version of Berth uses the storage`,
    );
  if (format.oldestReader > ownFormat.version)
    throw new StorageError(
      "unavailable",
      `the storage belongs to a newer Berth: its format ${format.version} needs one that knows format ${format.oldestReader}, and this one knows format ${ownFormat.version}: run the newer Berth, or use a copy from before the upgrade`,
    );
  return format;
}

/** The same; the first start records the format. */
export async function settleFormat(driver: Pick<StorageDriver, "read" | "write">): Promise<void> {
  const found = await checkFormat(driver);
  if (found !== undefined && found.version >= ownFormat.version) return;
  try {
    await driver.write({ key: layout.format, content: Buffer.from(`${JSON.stringify(ownFormat)}\n`) });
  } catch (error) {
    // A storage that cannot be changed is served all the same.
    if (!isOutOfRoom(error)) throw error;
  }
}

function parse(bytes: Buffer): StorageFormat | undefined {
  try {
    const { version, oldestReader } = JSON.parse(bytes.toString());
    return Number.isInteger(version) && Number.isInteger(oldestReader) ? { version, oldestReader } : undefined;
  } catch {
    return undefined;
  }
}
