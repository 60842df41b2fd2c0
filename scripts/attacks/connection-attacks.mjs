import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import { pushBlob, rawConnection, repeat } from "./requests.mjs";

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function untilAborted(signal) {
  if (!signal.aborted) await once(signal, "abort");
}

/** What a client of TLS sends first, in base64. */
async function firstTlsMessage() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  connect({ host: "127.0.0.1", port: server.address().port }).on("error", () => {});
  const [socket] = await once(server, "connection");
  const [message] = await once(socket, "data");
  socket.destroy();
  server.close();
  return message.toString("base64");
}

async function oneHandshake(port, signal) {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, signal }).on("error", () => {});
  await Promise.race([once(socket, "secureConnect"), once(socket, "close"), delay(5_000)]);
  socket.destroy();
}

/** Writes to many connections every 100 ms; each that is closed is opened again. */
async function drip(signal, { port, count, head, piece }) {
  const open = () => rawConnection(port, signal);
  const sockets = [];
  for (let number = 0; number < count && !signal.aborted; number++) {
    sockets.push(open());
    sockets[number].write(head(number));
    if (number % 50 === 0) await delay(10);
  }
  while (!signal.aborted) {
    for (const [number, socket] of sockets.entries()) {
      if (socket.destroyed) {
        sockets[number] = open();
        sockets[number].write(head(number));
      } else socket.write(piece);
    }
    await delay(100);
  }
}

export const connectionAttacks = [
  {
    name: "20,000 GETs of a blob on each of 5 connections, nothing read",
    prepare: ({ port }) => pushBlob(port, "own/blob", Buffer.alloc(4 << 20, "B")),
    run: async ({ port, prepared, signal }) => {
      for (let count = 0; count < 5; count++) {
        rawConnection(port, signal)
          .pause()
          .write(get(`/v2/own/blob/blobs/${prepared.digest}`).repeat(20_000));
      }
      await untilAborted(signal);
    },
  },
  {
    name: "2,000,000 tiny requests on 20 connections, nothing read",
    run: async ({ port, signal }) => {
      const content = "GET / HTTP/1.1\r\nHost:a\r\n\r\n".repeat(100_000);
      for (let count = 0; count < 20; count++) rawConnection(port, signal).pause().write(content);
      await untilAborted(signal);
    },
  },
  {
    name: "2,000 connections that send headers byte by byte",
    run: ({ port, signal }) => drip(signal, { port, count: 2000, head: () => "GET /v2/ HTTP/1.1\r\nX: ", piece: "x" }),
  },
  {
    name: "9,990 silent connections",
    run: async ({ port, signal }) => {
      for (let count = 0; count < 9_990 && !signal.aborted; count++) {
        rawConnection(port, signal);
        if (count % 100 === 0) await delay(5);
      }
      await untilAborted(signal);
    },
  },
  {
    name: "endless upload sessions, each in a new repository",
    run: ({ port, signal }) =>
      repeat(signal, 2, async (place, round) => {
        const post = (number) =>
          `POST /v2/own/f${place}-${round}-${number}/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
        const last = "GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        const socket = rawConnection(port, signal);
        socket.resume().write(Array.from({ length: 200 }, (_, number) => post(number)).join("") + last);
        await once(socket, "close");
      }),
  },
  {
    name: "1,000 senders of 80 bytes a second",
    run: ({ port, signal }) =>
      drip(signal, {
        port,
        count: 1000,
        head: (number) =>
          `POST /v2/own/slow/blobs/uploads/?digest=sha256:${`${number}`.padStart(64, "0")} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`,
        piece: "12345678",
      }),
  },
  {
    name: "garbage after the GET of a blob, and chunk extensions",
    prepare: ({ port }) => pushBlob(port, "own/blob", Buffer.alloc(4 << 20, "B")),
    run: ({ port, prepared, signal }) =>
      repeat(signal, 8, async (place) => {
        const socket = rawConnection(port, signal);
        if (place % 2 === 0)
          socket.write(`${get(`/v2/own/blob/blobs/${prepared.digest}`)}\x16\x03\x01 garbage\r\n\r\n`);
        else
          socket.write(
            `PUT /v2/own/blob/manifests/t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(50_000)}`,
          );
        socket.resume();
        await once(socket, "close");
      }),
  },
  {
    name: "TLS handshakes without end, half of them never finished",
    speaksTls: true,
    prepare: firstTlsMessage,
    run: ({ port, prepared, signal }) =>
      repeat(signal, 200, async (place) => {
        if (place % 2 === 0) return oneHandshake(port, signal);
        const socket = rawConnection(port, signal);
        socket.resume().write(Buffer.from(prepared, "base64"));
        await Promise.race([once(socket, "data"), once(socket, "close"), delay(5_000)]);
        socket.destroy();
      }),
  },
  {
    name: "connections that are reset in the middle of a blob",
    prepare: ({ port }) => pushBlob(port, "own/blob", Buffer.alloc(4 << 20, "B")),
    run: ({ port, prepared, signal }) =>
      repeat(signal, 16, async () => {
        const socket = rawConnection(port, signal);
        socket.write(get(`/v2/own/blob/blobs/${prepared.digest}`));
        await once(socket, "data");
        socket.resetAndDestroy();
      }),
  },
];
