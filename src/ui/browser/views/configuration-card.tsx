import type { ComponentChildren } from "preact";
import type { ImageConfig } from "../api/content-answers.js";
import { Note } from "../parts/notes.js";
import { platformText } from "../parts/platforms.js";
import { Ago, Pushed } from "../parts/text.js";
import { TextTable } from "./texts-card.js";

/** How an image says that it should be run. */
export function ConfigurationCard({ config }: { readonly config: ImageConfig }) {
  const { problem, isCut, environment = [], labels = {} } = config;
  return (
    <section class="card" aria-labelledby="configuration">
      <div class="card-head">
        <h2 id="configuration">Configuration</h2>
        {config.platform !== undefined && (
          <span class="badge">
            <Pushed text={platformText(config.platform)} />
          </span>
        )}
      </div>
      {problem !== undefined && (
        <div class="pad">
          <Note tone="warn">
            <Pushed text={problem} />
          </Note>
        </div>
      )}
      <dl class="facts pad">
        <Facts config={config} />
      </dl>
      {environment.length > 0 && (
        <Fold title={`Environment (${environment.length})`}>
          <Variables entries={environment} />
        </Fold>
      )}
      {Object.keys(labels).length > 0 && (
        <Fold title={`Labels (${Object.keys(labels).length})`}>
          <TextTable texts={labels} />
        </Fold>
      )}
      {isCut && <p class="pad muted small">Some texts are so long that only their beginning is shown.</p>}
    </section>
  );
}

function Facts({ config }: { readonly config: ImageConfig }) {
  const { created, author, user, workingDirectory, stopSignal, entrypoint, command, ports = [], volumes = [] } = config;
  return (
    <>
      {created !== undefined && (
        <Fact term="Created">
          <Ago time={created} />
        </Fact>
      )}
      {author !== undefined && (
        <Fact term="Author">
          <Pushed text={author} />
        </Fact>
      )}
      {entrypoint !== undefined && (
        <Fact term="Entrypoint">
          <Code text={JSON.stringify(entrypoint)} />
        </Fact>
      )}
      {command !== undefined && (
        <Fact term="Command">
          <Code text={JSON.stringify(command)} />
        </Fact>
      )}
      {workingDirectory !== undefined && (
        <Fact term="Directory">
          <Code text={workingDirectory} />
        </Fact>
      )}
      <Fact term="User">
        {user === undefined || user === "" ? <span class="muted">root</span> : <Code text={user} />}
      </Fact>
      {ports.length > 0 && (
        <Fact term="Ports">
          <Code text={ports.join(", ")} />
        </Fact>
      )}
      {volumes.length > 0 && (
        <Fact term="Volumes">
          <Code text={volumes.join(", ")} />
        </Fact>
      )}
      {stopSignal !== undefined && (
        <Fact term="Stop signal">
          <Code text={stopSignal} />
        </Fact>
      )}
    </>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Code({ text }: { readonly text: string }) {
  return (
    <code>
      <Pushed text={text} />
    </code>
  );
}

function Fold({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <details class="fold">
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function Variables({ entries }: { readonly entries: readonly string[] }) {
  return <TextTable texts={Object.fromEntries(entries.map((entry) => splitOnce(entry)))} />;
}

function splitOnce(entry: string): readonly [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}
