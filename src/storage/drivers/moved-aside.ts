/**
 * Where an object may be if a withdrawal moves it to its note, and a release moves it back: it may come back between
 * the first two looks.
 */
export function placesWhenMoved(key: string, note: string): readonly string[] {
  return [key, note, key];
}
