import { strict as assert } from "node:assert";
import { test } from "node:test";
import { StorageError } from "../../../../../src/oci/storage-error.js";
import { DiskError, failureOf } from "../../../../../src/storage/drivers/filesystem/disk-failure.js";
import { toChangeError, toStorageError } from "../../../../../src/storage/drivers/filesystem/system-error.js";

/** As Node makes them of an error that libuv has no name for, the second in `writeSync`; seen with Node 20. */
function unnamedErrors(errno: number): Error[] {
  const name = `Unknown system error -${errno}`;
  return [
    Object.assign(new Error(`${name}: ${name}, write`), { errno: -errno, code: name, syscall: "write" }),
    Object.assign(new Error("UNKNOWN: unknown error, write"), { errno: -errno, code: "UNKNOWN", syscall: "write" }),
  ];
}

const unnamed = [
  { errno: 122, kind: "full", message: "EDQUOT: disk quota exceeded, write" },
  { errno: 116, kind: "unavailable", message: "ESTALE: stale file handle, write" },
  { errno: 117, kind: "unavailable", message: "EUCLEAN: structure needs cleaning: the file system is damaged, write" },
  { errno: 74, kind: "unavailable", message: "EBADMSG: bad message: the file system is damaged, write" },
] as const;

for (const { errno, kind, message } of unnamed) {
  test(`an error that Node only knows by the number ${errno} is "${kind}", and gets its name`, () => {
    for (const cause of unnamedErrors(errno)) {
      const passedOn = new DiskError(structuredClone(failureOf(cause)));
      for (const error of [toStorageError(cause), toChangeError(cause), toStorageError(passedOn)]) {
        assert.ok(error instanceof StorageError);
        assert.deepEqual([error.kind, error.message], [kind, message]);
      }
    }
  });
}

test("an error that nobody knows stays as it is", () => {
  for (const error of unnamedErrors(9_999)) assert.equal(toStorageError(error), error);
});
