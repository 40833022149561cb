const { Parser } = require('@asyncapi/parser');
const fs = require('fs');
new Parser().parse(fs.readFileSync(process.argv[2], 'utf8')).then(({ document, diagnostics }) => {
  const bad = diagnostics.filter((d) => d.severity <= 1).map((d) => `${d.severity} ${d.path.join('.')}: ${d.message}`);
  console.log(JSON.stringify({ version: document && document.version(), operations: document ? document.operations().all().length : 0, bad }));
});
