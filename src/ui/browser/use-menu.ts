import { useEffect, useRef } from "preact/hooks";

/** A menu made of `<details>`: it closes by Escape, by a click elsewhere, and when something in it is chosen. */
export function useMenu() {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = () => {
      if (menu.current) menu.current.open = false;
    };
    const onClick = ({ target }: MouseEvent) => {
      const isInside = target instanceof Node && menu.current?.contains(target);
      const isChoice = isInside && target instanceof Element && target.closest(".menu-panel a, .menu-panel button");
      if (!isInside || isChoice) close();
    };
    const onKey = ({ key }: KeyboardEvent) => {
      if (key !== "Escape" || !menu.current?.open) return;
      close();
      menu.current.querySelector("summary")?.focus();
    };
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("click", onClick);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return menu;
}
