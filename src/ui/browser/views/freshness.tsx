import { useState } from "preact/hooks";
import type { Freshness as FreshnessAnswer } from "../api/content-answers.js";
import { apiPath, change } from "../api/request.js";
import { asApiError, forgetAnswers } from "../api/use-answer.js";
import { Icon } from "../parts/icon.js";
import { Ago } from "../parts/text.js";

interface FreshnessProps {
  readonly repository: string;
  readonly tag: string;
  readonly askedAt: string | undefined;
  readonly mayAsk: boolean;
  readonly onAsked: () => void;
}

/** When the upstream last confirmed a tag, and a way to ask it now. */
export function Freshness({ repository, tag, askedAt, mayAsk, onAsked }: FreshnessProps) {
  const [outcome, setOutcome] = useState("");
  const [isBusy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    try {
      const { before, warning } = await change<FreshnessAnswer>("POST", apiPath("freshness"), { repository, tag });
      setOutcome(warning ?? (before === undefined ? "Unchanged." : "It has moved to another image."));
      forgetAnswers();
      onAsked();
    } catch (cause) {
      setOutcome(asApiError(cause).message);
    }
    setBusy(false);
  };
  return (
    <>
      <span class="muted small" role="status">
        {outcome !== "" && `${outcome} `}
        {askedAt !== undefined && (
          <>
            Asked <Ago time={askedAt} isShort />
          </>
        )}
      </span>
      {mayAsk && (
        <button type="button" class="button" disabled={isBusy} onClick={() => void ask()}>
          <Icon name="refresh" /> {isBusy ? "Asking…" : "Ask now"}
        </button>
      )}
    </>
  );
}
