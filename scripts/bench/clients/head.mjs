// Sends HEAD requests over kept connections, since wrk waits for the body that the headers announce.
import { connect } from "node:net";
import { printRates } from "./rates.mjs";

const job = JSON.parse(process.argv[2]);
const request = `HEAD ${job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ${job.accept}\r\n\r\n`;

await printRates(job, (next) => {
  const socket = connect(job.port, "127.0.0.1");
  return new Promise((resolve, reject) => {
    const ask = () => (next() === undefined ? socket.end() : socket.write(request));
    let head = "";
    socket.setEncoding("latin1").on("connect", ask).on("error", reject).on("close", resolve);
    socket.on("data", (text) => {
      head += text;
      if (!head.endsWith("\r\n\r\n")) return;
      if (!head.startsWith("HTTP/1.1 200")) reject(new Error(head));
      head = "";
      ask();
    });
  });
});
