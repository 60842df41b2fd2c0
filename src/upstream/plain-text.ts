/** Text from outside, made safe for a log line, a header or a terminal: printable ASCII, truncated. */
export function plainText(text: string, maxLength: number): string {
  const printable = text
    .slice(0, maxLength * 4)
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
  return printable.length > maxLength ? `${printable.slice(0, maxLength - 3)}...` : printable;
}
