import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/request.js";
import { asApiError, useAnswer } from "../api/use-answer.js";
import { Mark } from "../parts/icon.js";
import { Failure, Note } from "../parts/notes.js";
import { Pushed } from "../parts/text.js";
import { loginHref } from "../routes.js";
import { sessionPath, signIn } from "../session.js";

interface SignInProps {
  readonly returnTo: string;
  /** The issuer at which a login has failed; empty if none has. */
  readonly failed: string;
}

/** By the accounts of `docker login`, or at an issuer. */
export function SignInView({ returnTo, failed }: SignInProps) {
  useEffect(() => {
    document.title = "Sign in · Berth";
  }, []);
  const { answer } = useAnswer<{ readonly issuers: readonly string[] }>(sessionPath);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Mark />
        <h1>Sign in to Berth</h1>
        <p class="muted">{location.host}</p>
        {failed !== "" && (
          <div role="alert">
            <Note tone="bad">
              Signing in by <Pushed text={failed} /> did not work. The log of Berth says why.
            </Note>
          </div>
        )}
        <SignInForm returnTo={returnTo} />
        {answer?.issuers.map((issuer) => (
          <a key={issuer} class="button" href={loginHref(issuer, returnTo)}>
            Sign in by <Pushed text={issuer} />
          </a>
        ))}
        <p class="muted small">Use the account of your docker login or podman login.</p>
      </div>
    </main>
  );
}

function SignInForm({ returnTo }: { readonly returnTo: string }) {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      await signIn(String(form.get("user")), String(form.get("password")), returnTo);
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>User name</span>
        {/* The first thing that anyone does here is to type the name. */}
        <input name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required ref={focusOnce} />
      </label>
      <label class="field">
        <span>Password or access token</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      {error !== undefined && <Failure error={error} />}
      <button type="submit" class="button main" disabled={isBusy}>
        {isBusy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}

function focusOnce(input: HTMLInputElement | null): void {
  if (input !== null && document.activeElement === document.body) input.focus();
}
