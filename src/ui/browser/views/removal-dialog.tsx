import { useEffect, useState } from "preact/hooks";
import type { Deletion } from "../api/content-answers.js";
import type { ApiError } from "../api/request.js";
import { asApiError, forgetAnswers } from "../api/use-answer.js";
import { shortDigest } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure, Note, Waiting } from "../parts/notes.js";
import { Pushed } from "../parts/text.js";
import { countOf, sizeText } from "../text/sizes.js";
import { type Removal, remove } from "./removal.js";

interface RemovalDialogProps {
  readonly removal: Removal;
  readonly title: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Says what would go and what would stay, before anything is deleted. */
export function RemovalDialog({ removal, title, onClose, onDone }: RemovalDialogProps) {
  const [plan, setPlan] = useState<Deletion>();
  const [result, setResult] = useState<Deletion>();
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    remove(removal, true).then(setPlan, (cause: unknown) => setError(asApiError(cause)));
  }, []);
  const confirm = async () => {
    setBusy(true);
    try {
      const done = await remove(removal, false);
      forgetAnswers();
      if (done.failed.length === 0) onDone();
      else setResult(done);
    } catch (cause) {
      setError(asApiError(cause));
    }
    setBusy(false);
  };
  const button = (
    <button
      type="button"
      class="button main danger"
      disabled={plan === undefined || isBusy}
      onClick={() => void confirm()}
    >
      {labelOf(removal, isBusy)}
    </button>
  );
  return (
    <Dialog title={title} onClose={result === undefined ? onClose : onDone} buttons={result === undefined && button}>
      {error !== undefined && <Failure error={error} />}
      {plan === undefined && error === undefined && <Waiting />}
      {plan !== undefined && result === undefined && <Plan plan={plan} isCopy={removal.kind === "evict"} />}
      {result?.failed.map(({ reference, message }) => (
        <Note key={reference} tone="bad">
          <Pushed text={`${reference}: ${message}`} />
        </Note>
      ))}
    </Dialog>
  );
}

const shownNames = 40;

function labelOf({ kind }: Removal, isBusy: boolean): string {
  if (kind === "evict") return isBusy ? "Removing…" : "Remove";
  return isBusy ? "Deleting…" : "Delete";
}

interface PlanProps {
  readonly plan: Deletion;
  /** Whether the upstream still has what goes. */
  readonly isCopy: boolean;
}

function Plan({ plan, isCopy }: PlanProps) {
  const { tags, manifests, kept, size, alreadyGone, notes } = plan;
  return (
    <>
      {notes.map((note) => (
        <Note key={note} tone="warn">
          <Pushed text={note} />
        </Note>
      ))}
      <h3>{isCopy ? "What is removed" : "What is deleted"}</h3>
      <ul class="plan">
        {tags.slice(0, shownNames).map((tag) => (
          <li key={tag}>
            the tag{" "}
            <strong>
              <Pushed text={tag} />
            </strong>
          </li>
        ))}
        {tags.length > shownNames && <li>{countOf(tags.length - shownNames, "more tag")}</li>}
        {manifests.length > 0 && (
          <li>
            {countOf(manifests.length, "manifest")}
            {size !== undefined &&
              `, up to ${sizeText(size)}${isCopy ? "" : ", which the next garbage collection frees"}`}
          </li>
        )}
        {tags.length + manifests.length === 0 && <li>nothing: it is already gone</li>}
      </ul>
      {kept.length > 0 && <h3>What stays</h3>}
      {kept.length > 0 && (
        <ul class="plan">
          {kept.slice(0, shownNames).map(({ digest, tags: others = [], because }) => (
            <li key={digest}>
              <span class="mono">{shortDigest(digest)}</span>{" "}
              {others.length > 0 && <Pushed text={`(${others.join(", ")})`} />}{" "}
              <span class="muted">
                <Pushed text={because} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {alreadyGone.length > 0 && tags.length > 0 && <p class="muted small">Already gone: {alreadyGone.join(", ")}</p>}
      <p class="muted small">{isCopy ? "It is downloaded again when a client pulls it." : "This cannot be undone."}</p>
    </>
  );
}
