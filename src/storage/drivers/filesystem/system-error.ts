/** Runs an action on the disk; `undefined` if what it names is not there. */
export async function ifPresent<Result>(action: () => Promise<Result> | Result): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** ENOTDIR: a file stands where the key has a folder, so nothing can lie below it. */
export function isAbsence(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
