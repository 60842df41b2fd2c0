import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { Pushed } from "./text.js";

const confirmedMs = 1_600;

/** @param what the name of what is copied, for the button's own name */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), confirmedMs);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button type="button" class="icon-button" title={`Copy ${what}`} onClick={() => void copy(text).then(setCopied)}>
      <Icon name={isCopied ? "check" : "copy"} />
      <span class="unseen">Copy {what}</span>
      <span class="unseen" role="status">
        {isCopied ? "Copied" : ""}
      </span>
    </button>
  );
}

/** A command for the user to copy. */
export function Copyable({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div class="copyable">
      <code>
        <Pushed text={text} />
      </code>
      <CopyButton text={text} what={what} />
    </div>
  );
}

/** A digest by its first characters. */
export function Digest({ digest, isWhole = false }: { readonly digest: string; readonly isWhole?: boolean }) {
  return (
    <span class="digest">
      <span title={digest}>{isWhole ? digest : shortDigest(digest)}</span>
      <CopyButton text={digest} what={`digest ${shortDigest(digest)}`} />
    </span>
  );
}

export function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm === "sha256" ? "" : `${algorithm}:`}${hex.slice(0, 12)}`;
}

/** Over plain HTTP, browsers offer no clipboard but that of old. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => copyBySelection(text),
    );
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
