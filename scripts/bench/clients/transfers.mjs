// Many large concurrent downloads and uploads; prints the seconds that they took.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { PushClient } from "./push-client.mjs";

const pieceSize = 256 * 1024;
const uniqueSize = 16;

const { port, downloads, uploads } = JSON.parse(process.argv[2]);
const shared = Buffer.allocUnsafe(pieceSize);
const client = new PushClient(port);
const common = randomBytes(uploads.size - uniqueSize);
const commonHash = createHash("sha256").update(common);

const started = performance.now();
await Promise.all([...times(downloads.count, download), ...times(uploads.count, upload)]);
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
client.close();

function times(count, act) {
  return Array.from({ length: count }, () => act());
}

/** All connections read into one unused buffer, so that the client costs little. */
async function download() {
  let received = 0;
  const callback = (length) => {
    received += length;
    return true;
  };
  const socket = connect({ port, host: "127.0.0.1", onread: { buffer: shared, callback } });
  socket.write(`GET ${downloads.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  await once(socket, "close");
  if (received < downloads.size) throw new Error(`a download ended after ${received} bytes`);
}

/** As docker does: POST, PATCH with a body of unknown length, PUT. Only the last bytes differ between uploads. */
async function upload() {
  const unique = randomBytes(uniqueSize);
  const digest = `sha256:${commonHash.copy().update(unique).digest("hex")}`;
  const location = await client.startUpload(uploads.repository);
  const next = await client.appendUpload(location, async (outgoing) => {
    for (let position = 0; position < common.length; position += pieceSize) {
      if (!outgoing.write(common.subarray(position, position + pieceSize))) await once(outgoing, "drain");
    }
    outgoing.end(unique);
  });
  await client.finishUpload(next, digest, Buffer.alloc(0));
}
