// Takes the lists of values out of the contract: a generated C# enum refuses every value that it does not know, and
// does not compile where two values differ in a space only.
//
//   node open.mjs IN OUT
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const contract = JSON.parse(readFileSync(from, "utf8"), (_, value) => {
  if (value?.type === "string" && Array.isArray(value.enum)) {
    delete value.enum;
  }
  return value;
});
writeFileSync(to, JSON.stringify(contract));
