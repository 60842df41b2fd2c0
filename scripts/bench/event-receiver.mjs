// A receiver of events, in a process of its own: what it works is no work of Berth. It tells its parent its port, and
// how many events it has received when it is asked.
import { createServer } from "node:http";

let received = 0;
const receiver = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => {
    text += chunk;
  });
  request.on("end", () => {
    received += JSON.parse(text).events.length;
    response.end();
  });
});
receiver.listen(0, "127.0.0.1", () => process.send({ port: receiver.address().port }));
process.on("message", () => process.send({ received }));
process.on("disconnect", () => process.exit());
