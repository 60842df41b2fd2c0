import { useState } from "preact/hooks";
import type { CreatedToken } from "../api/registry-answers.js";
import { type ApiError, apiPath, change } from "../api/request.js";
import { asApiError } from "../api/use-answer.js";
import { Failure } from "../parts/notes.js";

const lifetimes = [
  { days: "30", label: "30 days" },
  { days: "90", label: "90 days" },
  { days: "365", label: "A year" },
  { days: "", label: "For ever" },
];

const usualDays = "90";

export function TokenForm({ onCreated }: { readonly onCreated: (token: CreatedToken) => void }) {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const { currentTarget: form } = event;
    if (!(form instanceof HTMLFormElement)) return;
    setBusy(true);
    setError(undefined);
    try {
      onCreated(await change<CreatedToken>("POST", apiPath("tokens"), requestOf(new FormData(form))));
      // What was chosen of the validity stays: `reset` would choose the first one.
      for (const field of form.querySelectorAll("input")) field.value = "";
    } catch (cause) {
      setError(asApiError(cause));
    }
    setBusy(false);
  };
  return (
    <form class="card padded token-form" onSubmit={(event) => void submit(event)} aria-label="Make a token">
      <label class="field">
        <span>What it is for</span>
        <input name="description" maxLength={200} placeholder="CI of team/app" required />
      </label>
      <label class="field">
        <span>Limited to</span>
        <input name="scopes" placeholder="push:team/*, pull:base/*" spellcheck={false} aria-describedby="scope-hint" />
      </label>
      <label class="field">
        <span>Valid</span>
        <select name="days">
          {lifetimes.map(({ days, label }) => (
            <option key={days} value={days} selected={days === usualDays}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="button main" disabled={isBusy}>
        Make a token
      </button>
      <p id="scope-hint" class="muted small">
        Without a limit, it may do all that you may. Limits are <code>pull</code>, <code>push</code> or{" "}
        <code>delete</code>, each with repositories, such as <code>pull:team/*</code>.
      </p>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}

function requestOf(form: FormData) {
  const scopes = String(form.get("scopes"))
    .split(/[,\s]+/)
    .filter((scope) => scope !== "");
  const days = String(form.get("days"));
  return {
    description: String(form.get("description")),
    ...(scopes.length > 0 && { scopes }),
    ...(days !== "" && { expiresInDays: Number(days) }),
  };
}
