import { render } from "preact";
import { callerPath, firstRequests } from "./api/first-requests.js";
import { requestAhead } from "./api/request.js";
import { App } from "./app.js";
import { routeOf } from "./routes.js";

requestAhead([callerPath, ...firstRequests(routeOf(new URL(location.href)))]);
const place = document.getElementById("page");
if (place !== null) render(<App />, place);
