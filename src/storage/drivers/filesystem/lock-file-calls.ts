import { mkdirSync, rmdirSync, type Stats, statSync, utimesSync } from "node:fs";

type Callback<Result> = (error: unknown, result?: Result) => void;

/**
 * The calls that proper-lockfile makes, done at once: a lock is four of them, and each takes microseconds where the
 * way through a thread takes ten times that. A fresh object, since the library keeps what it learned of the disk in it.
 */
export function lockFileCalls() {
  return {
    mkdir: (path: string, done: Callback<void>) => settle(() => void mkdirSync(path), done),
    rmdir: (path: string, done: Callback<void>) => settle(() => rmdirSync(path), done),
    stat: (path: string, done: Callback<Stats>) => settle(() => statSync(path), done),
    utimes: (path: string, accessed: Date, modified: Date, done: Callback<void>) =>
      settle(() => utimesSync(path, accessed, modified), done),
  };
}

function settle<Result>(call: () => Result, done: Callback<Result>): void {
  let result: Result;
  try {
    result = call();
  } catch (error) {
    done(error);
    return;
  }
  done(null, result);
}
