/** One link: its target, and its parameters up to the next unquoted comma (RFC 8288, "Link"). */
const linkPattern = /<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)/g;
const nextPattern = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i;
const maxLength = 8_192;

/** The target of the link with the relation `next`; `undefined` if there is none. */
export function nextLink(header: string): string | undefined {
  for (const [, target, parameters = ""] of header.slice(0, maxLength).matchAll(linkPattern)) {
    if (nextPattern.test(parameters)) return target;
  }
  return undefined;
}
