import type { Command } from "commander";

const configFileNote = "settings in YAML (default: berth.yml in this folder, if it exists)";

/** Users, their tokens, and what the rules allow. */
export function addAccess(program: Command): void {
  addUser(program);
  addToken(program);
  addRules(program);
}

function addUser(program: Command): void {
  const user = program
    .command("user")
    .summary("add or remove users")
    .description("Changes the htpasswd file named by access.users.htpasswd. A running server reads it again.")
    .helpCommand(false);
  user
    .command("add")
    .summary("add a user, or change a password")
    .description("Asks for the password, or reads it from standard input, and stores its bcrypt hash.")
    .argument("<name>", "the user")
    .option("--file <htpasswd>", "the htpasswd file to change (default: the one in the settings)")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", userHelp)
    .action(async (name: string, options: { file?: string; config?: string }) => {
      const { addUserTo } = await import("./user-add.js");
      await addUserTo(name, options);
    });
  user
    .command("rm")
    .summary("remove a user")
    .description("Removes the user's line. Logins with the password end; access tokens stay valid.")
    .argument("<name>", "the user")
    .option("--file <htpasswd>", "the htpasswd file to change (default: the one in the settings)")
    .option("-c, --config <file>", configFileNote)
    .action(async (name: string, options: { file?: string; config?: string }) => {
      const { removeUser } = await import("./user-rm.js");
      await removeUser(name, options);
    });
}

interface TokenOptions {
  readonly user: string;
  readonly scope?: string[];
  readonly expires?: string;
  readonly description?: string;
  readonly config?: string;
}

function addToken(program: Command): void {
  const token = program
    .command("token")
    .summary("create, list and revoke access tokens")
    .description("Access tokens are passwords for machines: limited in scope, and revoked within five seconds.")
    .helpCommand(false);
  token
    .command("create")
    .description("Creates a token and prints it. Berth does not store it and cannot show it again.")
    .requiredOption("--user <name>", "the user whose rights the token has; needs no password")
    .option("--scope <scope...>", "limits the token, such as push:team/* or pull,delete:team/**; may be repeated")
    .option("--expires <duration>", "lifetime, such as 90d (default: never expires)")
    .option("--description <text>", "what the token is for")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", tokenHelp)
    .action(async (options: TokenOptions) => {
      const { createToken } = await import("./token-create.js");
      await createToken(options);
    });
  token
    .command("ls")
    .description("Lists the tokens with user, scope, expiry and last use.")
    .option("--json", "print JSON")
    .option("-c, --config <file>", configFileNote)
    .action(async (options: { json?: true; config?: string }) => {
      const { listTokens } = await import("./token-ls.js");
      await listTokens(options);
    });
  token
    .command("rm")
    .alias("revoke")
    .description("Revokes tokens. Every server on the same storage refuses them within five seconds.")
    .argument("<ids...>", "as `berth token ls` shows them, or the tokens themselves")
    .option("-c, --config <file>", configFileNote)
    .action(async (ids: string[], options: { config?: string }) => {
      const { revokeTokens } = await import("./token-rm.js");
      await revokeTokens(ids, options);
    });
}

function addRules(program: Command): void {
  const access = program
    .command("access")
    .summary("explain and import access rules")
    .description("Works with access rules without starting the server.")
    .helpCommand(false);
  access
    .command("check")
    .description("Says whether a user may do something, and which rule decides. Exits with 0 for yes, 1 for no.")
    .argument("<user>", "a user, or anonymous")
    .argument("<action>", "pull, push, delete, cache or admin")
    .argument("<repository>", "such as team/app or ghcr.io/owner/image")
    .option("--group <name...>", "groups of the user besides those in the settings, such as an issuer adds")
    .option("-c, --config <file>", configFileNote)
    .action(
      async (user: string, action: string, repository: string, options: { group?: string[]; config?: string }) => {
        const { checkAccess } = await import("./access-check.js");
        await checkAccess({ user, action, repository }, options);
      },
    );
  access
    .command("import")
    .description(
      "Converts the access control of zot or docker_auth to rules for Berth, and says what has no equivalent.",
    )
    .argument("<file>", "a configuration of zot or docker_auth, in JSON or YAML")
    .action(async (file: string) => {
      const { importAccess } = await import("./import/access-import.js");
      await importAccess(file);
    });
}

const userHelp = `
Examples:
  berth user add ann
  berth user add ci --file /etc/berth/htpasswd < password.txt`;

const tokenHelp = `
Examples:
  berth token create --user ci --scope 'push:team/*' --expires 90d
  berth token create --user ann --description laptop
  docker login --username ci --password-stdin registry.example.com < token.txt`;
