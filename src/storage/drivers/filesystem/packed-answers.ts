import type { ObjectStat } from "../../driver.js";
import type { Listing } from "../../many-reads.js";

/**
 * Answers on their way from one thread to another: one long text, or one array of bytes or numbers, since thousands of
 * small objects take longer to copy than to find out.
 */
export type PackedAnswers =
  | { readonly text: string }
  | { readonly bits: Uint8Array }
  | { readonly numbers: Float64Array; readonly text: string }
  | { readonly bytes: Uint8Array; readonly lengths: Int32Array };

/** No name of a file contains either. */
const [between, within] = ["\0", "/"];

const unsettled = "";
const absent = -1;

export const packed = {
  has: (answers: readonly boolean[]): PackedAnswers => ({ bits: Uint8Array.from(answers, Number) }),
  stat: (answers: readonly (ObjectStat | undefined)[]): PackedAnswers => ({
    numbers: Float64Array.from(answers.flatMap((stat) => [stat?.size ?? absent, stat?.modifiedMs ?? 0])),
    text: answers.map((stat) => stat?.version ?? unsettled).join(between),
  }),
  list: (answers: readonly Listing[]): PackedAnswers => ({
    text: answers.map(({ names, version }) => [version ?? unsettled, ...names].join(within)).join(between),
  }),
  listVersion: (answers: readonly (string | undefined)[]): PackedAnswers => ({
    text: answers.map((version) => version ?? unsettled).join(between),
  }),
  read: (answers: readonly (Buffer | undefined)[]): PackedAnswers => ({
    bytes: Buffer.concat(answers.flatMap((bytes) => bytes ?? [])),
    lengths: Int32Array.from(answers, (bytes) => bytes?.length ?? absent),
  }),
} as const;

export const unpacked = {
  has: (answers: PackedAnswers): boolean[] => Array.from("bits" in answers ? answers.bits : [], (bit) => bit === 1),
  stat: (answers: PackedAnswers): (ObjectStat | undefined)[] =>
    "numbers" in answers
      ? answers.text.split(between).map((version, index) => statOf(answers.numbers, index, version))
      : [],
  list: (answers: PackedAnswers): Listing[] =>
    textsOf(answers).map((text) => {
      const [version, ...names] = text.split(within);
      return { names, version: version === unsettled ? undefined : version };
    }),
  listVersion: (answers: PackedAnswers): (string | undefined)[] =>
    textsOf(answers).map((version) => (version === unsettled ? undefined : version)),
  read: (answers: PackedAnswers): (Buffer | undefined)[] => {
    if (!("lengths" in answers)) return [];
    let start = 0;
    return Array.from(answers.lengths, (length) => {
      if (length === absent) return undefined;
      start += length;
      return Buffer.from(answers.bytes.buffer, answers.bytes.byteOffset + start - length, length);
    });
  },
} as const;

function statOf(numbers: Float64Array, index: number, version: string): ObjectStat | undefined {
  const [size = absent, modifiedMs = 0] = numbers.subarray(index * 2, index * 2 + 2);
  return size === absent ? undefined : { size, modifiedMs, version: version === unsettled ? undefined : version };
}

function textsOf(answers: PackedAnswers): string[] {
  return "text" in answers ? answers.text.split(between) : [];
}
