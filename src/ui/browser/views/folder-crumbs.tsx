import { repositoriesHref } from "../routes.js";

/** The folders above, each a link; only the top for an empty text. */
export function FolderCrumbs({ under }: { readonly under: string }) {
  const parts = under === "" ? [] : under.split("/");
  return (
    <nav aria-label="Folders">
      <ol class="crumbs">
        <li>
          <a href={repositoriesHref()}>Repositories</a>
        </li>
        {parts.map((part, index) => (
          <li key={part + index}>
            <a href={repositoriesHref({ under: parts.slice(0, index + 1).join("/") })}>
              <bdi>{part}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
