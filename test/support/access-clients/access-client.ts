import { clientHome } from "../client-home.js";
import { runCommand } from "../command.js";
import type { Scope } from "../scope.js";

/** A real client with its own home folder, so that it starts without a login. A failing command throws. */
export interface AccessClient {
  readonly name: string;
  /** Fails if the registry refuses the password. */
  login(user: string, password: string): Promise<unknown>;
  pull(image: string): Promise<unknown>;
  /** Pushes its own content, or what it pulled, under a name. */
  push(image: string): Promise<unknown>;
  /** Absent where the client cannot delete. */
  remove?(image: string): Promise<unknown>;
}

export interface Surroundings {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** An OCI layout with the tag `image`. */
  readonly layout: string;
  /** An image that everyone may pull. */
  readonly source: string;
  /** An image that only users may pull. */
  readonly secret: string;
  /** A user who may push both. */
  readonly publisher: { readonly user: string; readonly password: string };
}

export type CreateClient = (scope: Scope, surroundings: Surroundings) => Promise<AccessClient>;

export type Run = (...args: string[]) => Promise<string>;

/** A program that finds its login in its own home folder. */
export async function inOwnHome(scope: Scope, program: string): Promise<Run> {
  const env = await clientHome(scope);
  return (...args) => runCommand(program, args, { env });
}

/**
 * The login of a client that has none: it sends the credentials with its next commands. A pull that needs them shows
 * whether they are good; if not, they are forgotten.
 */
export async function loginByPull(keep: () => unknown, forget: () => unknown, pull: () => Promise<unknown>) {
  await keep();
  try {
    await pull();
  } catch (error) {
    await forget();
    throw error;
  }
}

/** Whether a client's command was refused, and not for another reason. */
export async function isRefused(action: Promise<unknown>): Promise<true> {
  try {
    await action;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (
      /unauthorized|denied|forbidden|401|403|authentication required|no basic auth|insufficient|invalid username/i.test(
        said,
      )
    )
      return true;
    throw error;
  }
  throw new Error("it was not refused");
}
