import { useState } from "preact/hooks";
import type { AccessToken, Caller, CreatedToken, Page } from "../api/registry-answers.js";
import { type ApiError, apiPath, change } from "../api/request.js";
import { asApiError, useAnswer } from "../api/use-answer.js";
import { Copyable } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { Empty, Failure, Note, Waiting } from "../parts/notes.js";
import { Ago, Pushed } from "../parts/text.js";
import { View } from "../parts/view.js";
import { TokenForm } from "./token-form.js";

export function TokensView({ caller }: { readonly caller: Caller }) {
  const { answer, error, reload } = useAnswer<Page<AccessToken>>(
    caller.user === undefined ? undefined : apiPath("tokens"),
  );
  const [created, setCreated] = useState<CreatedToken>();
  const [doomed, setDoomed] = useState<AccessToken>();
  const isMade = (token: CreatedToken) => {
    setCreated(token);
    reload();
  };
  return (
    <View
      title="Tokens"
      heading="Access tokens"
      lead="A token is a password for one machine: it can be limited, it can expire, and you can revoke it alone."
    >
      {created !== undefined && (
        <Note tone="good">
          <p>This token is shown only now. Use it as the password of {caller.user}.</p>
          <Copyable text={created.token} what="token" />
        </Note>
      )}
      {error !== undefined && <Failure error={error} retry={reload} />}
      {caller.mayCreateTokens && <TokenForm onCreated={isMade} />}
      <section class="card" aria-labelledby="own-tokens">
        <div class="card-head">
          <h2 id="own-tokens">Your tokens</h2>
        </div>
        {answer === undefined && error === undefined && <Waiting />}
        {answer?.items.length === 0 && <Empty icon="key" title="No tokens yet" />}
        <ul class="rows">
          {answer?.items.map((token) => (
            <TokenRow key={token.id} token={token} revoke={() => setDoomed(token)} />
          ))}
        </ul>
      </section>
      {doomed !== undefined && <RevokeDialog token={doomed} onClose={() => setDoomed(undefined)} onDone={reload} />}
    </View>
  );
}

function TokenRow({ token, revoke }: { readonly token: AccessToken; readonly revoke: () => void }) {
  const { id, description, scopes, createdAt, expiresAt, usedAt } = token;
  return (
    <li class="token">
      <Icon name="key" />
      <div>
        <p>
          <strong>
            <Pushed text={description ?? id} />
          </strong>{" "}
          <span class="muted small mono">berth_{id}_…</span>
        </p>
        <p class="muted small">
          {scopes.length === 0 ? "everything you may do" : <Pushed text={scopes.join(", ")} />}
          {" · made "}
          <Ago time={createdAt} isShort />
          {" · "}
          {usedAt === undefined ? (
            "never used"
          ) : (
            <>
              used <Ago time={usedAt} isShort />
            </>
          )}
          {" · "}
          {expiresAt === undefined ? (
            "never expires"
          ) : (
            <>
              expires <Ago time={expiresAt} isShort />
            </>
          )}
        </p>
      </div>
      <button type="button" class="button danger" onClick={revoke}>
        Revoke
      </button>
    </li>
  );
}

interface RevokeDialogProps {
  readonly token: AccessToken;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function RevokeDialog({ token, onClose, onDone }: RevokeDialogProps) {
  const [error, setError] = useState<ApiError>();
  const revoke = async () => {
    try {
      await change("DELETE", apiPath(`tokens/${token.id}`));
      onDone();
      onClose();
    } catch (cause) {
      setError(asApiError(cause));
    }
  };
  const button = (
    <button type="button" class="button main danger" onClick={() => void revoke()}>
      Revoke
    </button>
  );
  return (
    <Dialog title={`Revoke ${token.description ?? token.id}?`} onClose={onClose} buttons={button}>
      {error !== undefined && <Failure error={error} />}
      <p>Whatever uses it can no longer log in, within seconds.</p>
    </Dialog>
  );
}
