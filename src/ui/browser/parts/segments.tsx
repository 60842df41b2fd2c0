interface Segment {
  readonly label: string;
  readonly isOn: boolean;
  readonly choose: () => void;
}

/** A choice of one among a few. */
export function Segments({ label, segments }: { readonly label: string; readonly segments: readonly Segment[] }) {
  return (
    <fieldset class="segments">
      <legend class="unseen">{label}</legend>
      {segments.map((segment) => (
        <button key={segment.label} type="button" aria-pressed={segment.isOn} onClick={segment.choose}>
          {segment.label}
        </button>
      ))}
    </fieldset>
  );
}
