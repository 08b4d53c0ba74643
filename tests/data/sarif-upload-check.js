// The schema check of GitHub's upload action (`validateSarifFileSchema` in codeql-action), with the same library and schema.
// Usage: node sarif-upload-check.js LOG...; prints `LOG ok` or `LOG REJECT`, with a line for each complaint below it.
const fs = require("fs");
const { Validator } = require("jsonschema");

const schema = JSON.parse(fs.readFileSync(`${__dirname}/sarif-schema-2.1.0.json`, "utf8"));

/** The action prints a malformed URI as a warning and accepts the log. */
const isWarning = (error) => error.name === "format" && ["uri", "uri-reference"].includes(error.argument);

for (const file of process.argv.slice(2)) {
  let log;
  try {
    log = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    console.log(`${file} REJECT\n   - ${error.message}`);
    continue;
  }
  const { errors } = new Validator().validate(log, schema);
  console.log(file, errors.every(isWarning) ? "ok" : "REJECT");
  for (const error of errors) console.log(`   - ${isWarning(error) ? "warning: " : ""}${error.stack}`);
}
