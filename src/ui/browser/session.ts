import { change } from "./api/request.js";
import { forgetAnswers } from "./api/use-answer.js";
import { homePath } from "./routes.js";

export const sessionPath = `${homePath}session`;

/** @throws ApiError if the name or the password is wrong */
export async function signIn(user: string, password: string, returnTo: string): Promise<void> {
  await change("POST", sessionPath, { user, password });
  begin(returnTo);
}

export async function signOut(): Promise<void> {
  await change("DELETE", sessionPath).catch(() => undefined);
  begin(homePath);
}

/** The page is loaded again: nothing that was shown to the one before stays in memory. */
function begin(path: string): void {
  forgetAnswers();
  location.assign(path);
}
