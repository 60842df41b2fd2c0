import { render } from "preact";
import type { Image } from "./api/content-answers.js";
import { callerPath, firstRequests, requestsBeside } from "./api/first-requests.js";
import { answeredAhead, requestAhead } from "./api/request.js";
import { App } from "./app.js";
import { routeOf } from "./routes.js";

/** A view that is ready so soon is painted once, and not first without its content. */
const soonMs = 120;

const place = document.getElementById("page");
const late = new Promise((resolve) => setTimeout(resolve, soonMs));
void Promise.race([late, firstAnswers()])
  // A failure is shown by the view that asks for the answer.
  .catch(() => undefined)
  .then(() => place !== null && render(<App />, place));

async function firstAnswers(): Promise<void> {
  const route = routeOf(new URL(location.href));
  const [first, ...further] = firstRequests(route);
  requestAhead([callerPath, ...(first === undefined ? [] : [first]), ...further]);
  await answeredAhead(callerPath);
  if (first === undefined) return;
  await answeredAhead(first);
  if (route.view !== "image") return;
  const beside = requestsBeside(await answeredAhead<Image>(first));
  requestAhead(beside);
  await Promise.all(beside.map((path) => answeredAhead(path)));
}
