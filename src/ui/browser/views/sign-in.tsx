import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/request.js";
import { asApiError } from "../api/use-answer.js";
import { Mark } from "../parts/icon.js";
import { Failure } from "../parts/notes.js";
import { signIn } from "../session.js";

/** By the accounts of `docker login`. */
export function SignInView({ returnTo }: { readonly returnTo: string }) {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Berth";
  }, []);
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
    <main class="sign-in">
      <div class="sign-in-card">
        <Mark />
        <h1>Sign in to Berth</h1>
        <p class="muted">{location.host}</p>
        <form onSubmit={(event) => void submit(event)}>
          <label class="field">
            <span>User name</span>
            {/* The first thing that anyone does here is to type the name. */}
            <input
              name="user"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              required
              ref={focusOnce}
            />
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
        <p class="muted small">Use the account with which you log in by docker or podman.</p>
      </div>
    </main>
  );
}

function focusOnce(input: HTMLInputElement | null): void {
  if (input !== null && document.activeElement === document.body) input.focus();
}
