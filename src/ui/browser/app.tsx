import { useEffect } from "preact/hooks";
import { callerPath } from "./api/first-requests.js";
import { type Live, useLive } from "./api/live.js";
import type { Caller } from "./api/registry-answers.js";
import { useAnswer } from "./api/use-answer.js";
import { Bar } from "./bar.js";
import { goTo, useAddress } from "./navigation.js";
import { Failure } from "./parts/notes.js";
import { type Route, routeOf, signInHref } from "./routes.js";
import { HomeView } from "./views/home.js";
import { ImageView } from "./views/image.js";
import { RepositoriesView } from "./views/repositories.js";
import { RepositoryView } from "./views/repository.js";
import { SetupView } from "./views/setup.js";
import { SignInView } from "./views/sign-in.js";
import { TokensView } from "./views/tokens.js";
import { UnknownView } from "./views/unknown.js";
import { UpstreamsView } from "./views/upstreams.js";

export function App() {
  const address = useAddress();
  const route = routeOf(address);
  const { answer: caller, error, reload } = useAnswer<Caller>(callerPath);
  const needsLogin =
    error?.status === 401 || (caller?.accessControl === true && caller.user === undefined && route.view === "tokens");
  const live = useLive({ isOn: caller !== undefined && route.view !== "sign-in", isShown: route.view === "home" });
  const isEnded = live.problem?.status === 401;
  useEffect(() => {
    const here = address.pathname + address.search;
    if ((needsLogin || isEnded) && route.view !== "sign-in") goTo(signInHref(here), { replace: true });
  }, [needsLogin, isEnded, address.href]);
  // Without access control, the page only shows. Over plain HTTP, Berth cannot tell that it is a browser that asks.
  const viewer = caller?.accessControl === false ? { ...caller, mayChange: false } : caller;
  if (route.view === "sign-in") return <SignInView returnTo={route.returnTo} failed={route.failed} />;
  if (viewer === undefined)
    return error !== undefined && !needsLogin ? (
      <main>
        <Failure error={error} retry={reload} />
      </main>
    ) : null;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Bar caller={viewer} route={route} />
      <main id="main">
        <Content route={route} caller={viewer} live={live} />
      </main>
    </>
  );
}

interface ContentProps {
  readonly route: Route;
  readonly caller: Caller;
  readonly live: Live;
}

function Content({ route, caller, live }: ContentProps) {
  switch (route.view) {
    case "home":
      return <HomeView live={live} caller={caller} />;
    case "repositories":
      return <RepositoriesView {...route} />;
    case "repository":
      return <RepositoryView key={route.name} name={route.name} caller={caller} />;
    case "image":
      return (
        <ImageView
          key={`${route.name} ${route.reference}`}
          name={route.name}
          reference={route.reference}
          caller={caller}
        />
      );
    case "upstreams":
      return <UpstreamsView />;
    case "setup":
      return <SetupView client={route.client} caller={caller} />;
    case "tokens":
      return <TokensView caller={caller} />;
    default:
      return <UnknownView />;
  }
}
