import { useEffect, useRef, useState } from "preact/hooks";
import type { RepositorySummary } from "./api/content-answers.js";
import type { Page } from "./api/registry-answers.js";
import { apiPath } from "./api/request.js";
import { useAnswer } from "./api/use-answer.js";
import { goTo } from "./navigation.js";
import { Found } from "./parts/found.js";
import { Icon } from "./parts/icon.js";
import { repositoriesHref, repositoryHref } from "./routes.js";
import { useDelayed } from "./use-delayed.js";

const shownResults = 8;
const pauseMs = 90;

/** Finds repositories while one types; `/` brings the focus here. */
export function Search() {
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useFocusBySlash(input);
  const search = useDelayed(text.trim(), pauseMs);
  const { answer } = useAnswer<Page<RepositorySummary>>(
    search === "" ? undefined : apiPath("repositories", { search, n: shownResults, details: true }),
  );
  const items = answer?.items ?? [];
  const leave = (href: string) => {
    setOpen(false);
    setText("");
    input.current?.blur();
    goTo(href);
  };
  // One more than there are results: the last choice shows all.
  const move = (step: number) => setChosen((chosen + step + items.length + 1) % (items.length + 1));
  const keys: Readonly<Record<string, (() => void) | undefined>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => {
      const item = items[chosen];
      if (text.trim() === "") return;
      leave(item === undefined ? repositoriesHref({ search: text.trim() }) : repositoryHref(item.name));
    },
    Escape: () => input.current?.blur(),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  const isShown = isOpen && search !== "" && answer !== undefined;
  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Find a repository"
        aria-expanded={isShown}
        aria-controls="found"
        aria-autocomplete="list"
        {...(isShown && { "aria-activedescendant": `found-${chosen}` })}
        placeholder="Find a repository"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <span class="key">/</span>
      {isShown && <Results items={items} chosen={chosen} search={search} leave={leave} />}
    </search>
  );
}

interface ResultsProps {
  readonly items: readonly RepositorySummary[];
  readonly chosen: number;
  readonly search: string;
  readonly leave: (href: string) => void;
}

function Results({ items, chosen, search, leave }: ResultsProps) {
  // Pressing the mouse would take the focus from the field, which closes the list before the click arrives.
  const row = (index: number, href: string) => ({
    id: `found-${index}`,
    role: "option" as const,
    "aria-selected": chosen === index,
    onMouseDown: (event: MouseEvent) => event.preventDefault(),
    onClick: () => leave(href),
  });
  return (
    <div class="found" id="found" role="listbox" aria-label="Repositories">
      {items.map((item, index) => (
        <div key={item.name} {...row(index, repositoryHref(item.name))}>
          <Found text={item.name} search={search} />
          <span class="muted small">{item.newestTag}</span>
        </div>
      ))}
      <div class="muted" {...row(items.length, repositoriesHref({ search }))}>
        {items.length === 0 ? `No repository contains “${search}”` : "Show all that match"}
      </div>
    </div>
  );
}

function useFocusBySlash(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]"))
        return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
