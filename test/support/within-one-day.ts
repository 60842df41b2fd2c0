/** Tells a story about what is counted by day, once more if a day (UTC) ended meanwhile. */
export async function withinOneDay(story: () => Promise<void>): Promise<void> {
  const day = today();
  try {
    await story();
  } catch (error) {
    if (today() === day) throw error;
    await story();
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
