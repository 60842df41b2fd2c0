/** A copy that has not grown for this long belongs to a process that was killed. */
export const abandonedAfterMs = 120_000;

const suffix = ".filling";

/** Where a copy is until it is whole. */
export function fillingPath(path: string): string {
  return `${path}${suffix}`;
}

/** Only such files are counted and deleted: the folder may have others. */
export function isCopyName(file: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.filling)?$/.test(file);
}

export function isFilling(file: string): boolean {
  return file.endsWith(suffix);
}
