/** Real ones have one or two kilobytes; a longer one is left to TLS. */
const longest = 16 * 1024;

const handshakeRecord = 22;
const recordHead = 5;
const messageHead = 4;

/**
 * Whether the first message of a TLS client is complete, so that the server's answer can be computed; also if it is
 * something else, or too long, which TLS will refuse. It may be spread over several records (RFC 8446, section 5.1).
 */
export function isHelloComplete(received: Buffer): boolean {
  if (received.length > longest || (received.length > 0 && received[0] !== handshakeRecord)) return true;
  let bytes = 0;
  const head: number[] = [];
  for (let start = 0; start + recordHead <= received.length; ) {
    const content = received.subarray(start + recordHead, start + recordHead + received.readUInt16BE(start + 3));
    bytes += content.length;
    head.push(...content.subarray(0, messageHead - head.length));
    if (bytes >= messageHead && bytes >= messageHead + lengthIn(head)) return true;
    start += recordHead + received.readUInt16BE(start + 3);
  }
  return false;
}

function lengthIn([, high = 0, middle = 0, low = 0]: readonly number[]): number {
  return (high << 16) | (middle << 8) | low;
}
