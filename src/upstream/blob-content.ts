import type { ResponseBody } from "./wire/response-body.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/**
 * The bytes of a body as they arrive, which must be as many as expected.
 * @param explain turns a failure into the error to throw
 */
export async function* checkedContent(
  body: ResponseBody,
  expectedLength: number | undefined,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Buffer, void, void> {
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (expectedLength !== undefined && length > expectedLength) {
        throw new InvalidAnswerError(`it sends more than the ${expectedLength} bytes of the blob`);
      }
      yield chunk;
    }
    if (expectedLength !== undefined && length < expectedLength) {
      throw new InvalidAnswerError(`it ends after ${length} of ${expectedLength} bytes`);
    }
  } catch (error) {
    throw explain(error);
  }
}
