import type { Command } from "commander";

const configFileNote = "settings in YAML; without it berth.yml of this folder, if it is there";

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
    .description("Writes the htpasswd file that access.users.htpasswd names. A running server reads it again.")
    .helpCommand(false);
  user
    .command("add")
    .summary("add a user, or change a password")
    .description("Asks for the password, or reads it from standard input, and writes its bcrypt hash.")
    .argument("<name>", "the user")
    .option("--file <htpasswd>", "the file to write, instead of the one that the settings name")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", userHelp)
    .action(async (name: string, options: { file?: string; config?: string }) => {
      const { addUserTo } = await import("./user-add.js");
      await addUserTo(name, options);
    });
  user
    .command("rm")
    .summary("remove a user")
    .description("Removes the user's line. Tokens that Berth gave for the password stop working; access tokens stay.")
    .argument("<name>", "the user")
    .option("--file <htpasswd>", "the file to write, instead of the one that the settings name")
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
    .summary("make, list and revoke access tokens")
    .description("Access tokens are passwords for machines: limited, and revoked one by one within five seconds.")
    .helpCommand(false);
  token
    .command("create")
    .description("Makes a token and prints it. It is kept nowhere, and not shown again.")
    .requiredOption("--user <name>", "whose rights it has; the rules name this user, who needs no password")
    .option("--scope <scope...>", "limits it, such as push:team/* or pull,delete:team/**; may be given again")
    .option("--expires <duration>", "such as 90d; without it never")
    .option("--description <text>", "what it is for")
    .option("-c, --config <file>", configFileNote)
    .addHelpText("after", tokenHelp)
    .action(async (options: TokenOptions) => {
      const { createToken } = await import("./token-create.js");
      await createToken(options);
    });
  token
    .command("ls")
    .description("Lists the tokens with their users, limits, ends and last uses.")
    .option("--json", "as JSON")
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
    .summary("see what the rules allow")
    .description("Looks at the rules of access without serving.")
    .helpCommand(false);
  access
    .command("check")
    .description("Says whether a user may do something, and which rule decides. Exit code 0: yes, 1: no.")
    .argument("<user>", "a user, or anonymous")
    .argument("<action>", "pull, push, delete, cache or admin")
    .argument("<repository>", "such as team/app or ghcr.io/owner/image")
    .option("--group <name...>", "groups of the user beside those of the settings, as an issuer would name them")
    .option("-c, --config <file>", configFileNote)
    .action(
      async (user: string, action: string, repository: string, options: { group?: string[]; config?: string }) => {
        const { checkAccess } = await import("./access-check.js");
        await checkAccess({ user, action, repository }, options);
      },
    );
  access
    .command("import")
    .description("Prints the access control of zot or docker_auth as rules of Berth, and says what has no equivalent.")
    .argument("<file>", "zot's configuration, or docker_auth's, in JSON or YAML")
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
