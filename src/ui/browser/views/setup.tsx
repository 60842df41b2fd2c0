import type { Caller, Page, SetupClient, SetupGuide } from "../api/registry-answers.js";
import { apiPath } from "../api/request.js";
import { useAnswer } from "../api/use-answer.js";
import { goTo } from "../navigation.js";
import { CopyButton } from "../parts/copy.js";
import { Failure, Waiting } from "../parts/notes.js";
import { View } from "../parts/view.js";
import { addressOf } from "../registry-address.js";
import { setupPath } from "../routes.js";

interface SetupViewProps {
  /** Empty for the first one. */
  readonly client: string;
  readonly caller: Caller;
}

/** How each client is set up for this registry, as `berth setup` says it. */
export function SetupView({ client, caller }: SetupViewProps) {
  const list = useAnswer<Page<SetupClient>>(apiPath("setup"));
  const items = list.answer?.items ?? [];
  const clients = items.filter(({ kind }) => kind === "client");
  const servers = items.filter(({ kind }) => kind === "server");
  const shown = items.find(({ name }) => name === client) ?? clients[0];
  const guide = useAnswer<SetupGuide>(shown && apiPath(`setup/${shown.name}`));
  const error = list.error ?? guide.error;
  return (
    <View title="Set-up" heading="Set-up" lead={`What a client needs to use ${addressOf(caller)}.`}>
      {error !== undefined && <Failure error={error} retry={list.error === undefined ? guide.reload : list.reload} />}
      <div class="setup">
        <div class="setup-clients">
          <label class="field">
            <span>Client</span>
            <select
              value={shown?.name ?? ""}
              onChange={({ currentTarget }) => goTo(hrefOf(currentTarget.value), { replace: true })}
            >
              {[...clients, ...servers].map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <Choices title="Clients" items={clients} shown={shown?.name} />
          <Choices title="This registry" items={servers} shown={shown?.name} />
        </div>
        <section class="card" aria-label="Instructions">
          <div class="card-head">
            <h2>{shown?.meaning}</h2>
            {guide.answer !== undefined && <CopyButton text={guide.answer.text} what="instructions" />}
          </div>
          {guide.answer === undefined ? <Waiting /> : <pre class="guide">{guide.answer.text}</pre>}
        </section>
      </div>
    </View>
  );
}

interface ChoicesProps {
  readonly title: string;
  readonly items: readonly SetupClient[];
  readonly shown: string | undefined;
}

function Choices({ title, items, shown }: ChoicesProps) {
  return (
    <nav aria-label={title}>
      <h2 class="muted small">{title}</h2>
      <ul>
        {items.map(({ name, meaning }) => (
          <li key={name}>
            <a href={hrefOf(name)} {...(name === shown && { "aria-current": "true" as const })}>
              <strong>{name}</strong>
              <span class="muted small">{meaning}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function hrefOf(client: string): string {
  return `${setupPath}?client=${encodeURIComponent(client)}`;
}
