// suggested-change.js FILE: applies the change of report.md to generated code.

import { readFileSync, writeFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const code = readFileSync(file, 'utf8');
const before = /if \(this\.#lockHolderTaskID !== null\) \{\s*this\.#scheduleLockHandoff\(\);\s*return;\s*\}/g;
const found = code.match(before)?.length ?? 0;
if (found !== 1) throw new Error(`the code to change occurs ${found} times in ${file}, not once`);
writeFileSync(file, code.replace(before, 'if (this.#lockHolderTaskID !== null) { return; }'));
