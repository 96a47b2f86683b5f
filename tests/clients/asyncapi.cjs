// Judges AsyncAPI documents with the official parser. Arguments: the folder `node_modules` that has it, and the documents. Prints one
// line of JSON per document: its name and what the parser has to say of it.

const path = require("node:path");
const fs = require("node:fs");

const [modules, ...files] = process.argv.slice(2);
const { Parser } = require(path.join(modules, "@asyncapi/parser"));
const severities = ["error", "warning", "information", "hint"];

(async () => {
  const parser = new Parser();
  for (const file of files) {
    const { document, diagnostics } = await parser.parse(fs.readFileSync(file, "utf8"), { source: file });
    const told = diagnostics.map((one) => `${severities[one.severity]} ${one.code} at ${one.path.join("/")}: ${one.message}`);
    const count = (all) => (document ? all(document).length : 0);
    console.log(
      JSON.stringify({
        name: path.basename(file),
        diagnostics: told,
        channels: count((all) => all.channels().all()),
        operations: count((all) => all.operations().all()),
        messages: count((all) => all.messages().all()),
      }),
    );
  }
})();
