import { exampleFile } from "../../config/example.js";
import { schema } from "../../config/schema.js";

/** Prints a file with every setting, which is also `config.example.yml`. */
export function printExample(): void {
  process.stdout.write(exampleFile(schema));
}
