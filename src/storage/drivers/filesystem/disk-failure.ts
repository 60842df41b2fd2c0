import { codeOf, messageOf } from "./system-error.js";

/** An error of the operating system on its way from one thread to another, which keeps only the message of an error. */
export interface DiskFailure {
  readonly message: string;
  readonly code: string | undefined;
}

export function failureOf(error: unknown): DiskFailure {
  if (!(error instanceof Error)) return { message: String(error), code: undefined };
  return { message: messageOf(error), code: codeOf(error) };
}

/** The error again, in the thread that gave the order. */
export class DiskError extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: DiskFailure) {
    super(message);
    this.code = code;
  }
}
