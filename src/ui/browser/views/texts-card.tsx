import type { Texts } from "../api/content-answers.js";
import { Pushed } from "../parts/text.js";

/** Names and values that somebody pushed, such as labels. */
export function TextTable({ texts, isNarrow = false }: { readonly texts: Texts; readonly isNarrow?: boolean }) {
  return (
    <dl class={isNarrow ? "texts narrow" : "texts"}>
      {Object.entries(texts).map(([name, value]) => (
        <div key={name}>
          <dt class="mono">
            <Pushed text={name} />
          </dt>
          <dd class="mono">
            <Value text={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Only an address of the web becomes a link: one of another kind could run a script. */
function Value({ text }: { readonly text: string }) {
  if (!/^https?:\/\/[^\s<>"']{1,500}$/.test(text)) return <Pushed text={text} />;
  return (
    <a href={text} target="_blank" rel="noopener noreferrer nofollow">
      <Pushed text={text} />
    </a>
  );
}

export function TextsCard({ title, texts }: { readonly title: string; readonly texts: Texts }) {
  if (Object.keys(texts).length === 0) return null;
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
      </div>
      <div class="pad">
        <TextTable texts={texts} isNarrow />
      </div>
    </section>
  );
}
