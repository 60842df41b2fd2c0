import type { Scope } from "./scope.js";

/** Watches, until the test is over, how much JSON this thread parses at a time. */
export function watchParsedJson(scope: Scope): { readonly longest: number } {
  const { parse } = JSON;
  const watch = { longest: 0 };
  JSON.parse = (text, reviver) => {
    watch.longest = Math.max(watch.longest, String(text).length);
    return parse(text, reviver);
  };
  scope.defer(() => {
    JSON.parse = parse;
  });
  return watch;
}
