import { exampleFile } from "../../config/example.js";
import { schema } from "../../config/schema.js";

/** Prints a file with every setting; `config.example.yml` is its output. */
export function printExample(): void {
  process.stdout.write(exampleFile(schema));
}
