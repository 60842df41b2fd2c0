import { useState } from "preact/hooks";
import type { Image, Layer } from "../api/content-answers.js";
import { Digest } from "../parts/copy.js";
import { Pushed, Size } from "../parts/text.js";
import { countOf, sizeText } from "../text/sizes.js";

interface Step {
  readonly command: string | undefined;
  readonly layer: Layer | undefined;
}

/** The layers of an image from the lowest, each with the instruction that made it and its part of the whole size. */
export function LayersCard({ image }: { readonly image: Image }) {
  const [isWhole, setWhole] = useState(false);
  const { layers, kind } = image;
  const empty = image.history.filter(({ layer }) => layer === undefined).length;
  const steps = isWhole ? stepsOfHistory(image) : layers.map((layer) => ({ command: layer.command, layer }));
  const whole = layers.reduce((sum, { size = 0 }) => sum + size, 0);
  const largest = Math.max(1, ...layers.map(({ size = 0 }) => size));
  return (
    <section class="card" aria-labelledby="layers">
      <div class="card-head">
        <h2 id="layers">
          {kind === "artifact" ? "Files" : "Layers"} <span class="muted number">{layers.length}</span>
        </h2>
        <div class="row">
          <span class="muted small number">{sizeText(whole)} in all</span>
          {empty > 0 && (
            <button type="button" class="button" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
              {isWhole ? "Layers only" : `With ${countOf(empty, "other step")}`}
            </button>
          )}
        </div>
      </div>
      <ol class="rows layers">
        {steps.map((step, index) => (
          <LayerRow key={index} step={step} largest={largest} />
        ))}
      </ol>
      {layers.length === 0 && <p class="pad muted">It has none.</p>}
    </section>
  );
}

function stepsOfHistory({ history, layers }: Image): readonly Step[] {
  const steps = history.map(({ command, comment, layer }) => ({
    command: command ?? comment,
    layer: layer === undefined ? undefined : layers[layer],
  }));
  const told = history.filter(({ layer }) => layer !== undefined).length;
  return [...steps, ...layers.slice(told).map((layer) => ({ command: layer.command, layer }))];
}

/** Beyond this length, a command is folded. */
const longCommand = 160;

function LayerRow({ step: { command, layer }, largest }: { readonly step: Step; readonly largest: number }) {
  const text = layer?.title ?? tidy(command ?? "");
  const share = (layer?.size ?? 0) / largest;
  return (
    <li class={layer === undefined ? "layer dim" : "layer"}>
      <div class="layer-command mono">
        {text === "" && <span class="muted">{layer?.mediaType ?? "no command is known"}</span>}
        {text.length > longCommand ? (
          <details>
            <summary>
              <Pushed text={text.slice(0, longCommand)} />…
            </summary>
            <Pushed text={text} />
          </details>
        ) : (
          <Pushed text={text} />
        )}
        {layer?.stored === false && <span class="badge layer-note">not stored</span>}
      </div>
      {layer !== undefined && (
        <div class="layer-facts">
          <span class="layer-bar" aria-hidden="true">
            <i style={{ width: `${Math.max(share * 100, 1)}%` }} />
          </span>
          <span class="end">
            <Size bytes={layer.size} />
          </span>
          <Digest digest={layer.digest} />
        </div>
      )}
    </li>
  );
}

/** As in the Dockerfile: what docker and BuildKit put around an instruction says nothing. */
function tidy(command: string): string {
  return command
    .replace(/^\/bin\/sh -c #\(nop\)\s*/, "")
    .replace(/^\/bin\/sh -c /, "RUN ")
    .replace(/^RUN (\|\d+ .*? )?\/bin\/sh -c /, "RUN ")
    .replace(/\s*# buildkit$/, "")
    .replace(/\s{2,}/g, " ")
    .trim();
}
