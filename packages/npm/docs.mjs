// The comments of the WIT package.

import { readFileSync, readdirSync } from 'node:fs';

const files = (wit) => readdirSync(wit).filter((name) => name.endsWith('.wit'));
const read = (wit, file) => readFileSync(new URL(file, wit), 'utf8');
const lines = (block) => block.trim().split('\n').map((line) => line.trim().replace(/^\/\/\/ ?/, ''));

/** Each comment on an interface, a type, a field, a case or a function. That of the world is about WASI. */
export function docs(wit) {
  return files(wit).filter((file) => file !== 'world.wit').flatMap((file) =>
    (read(wit, file).match(/(?:^[ \t]*\/\/\/.*\n)+/gm) ?? []).map((block) => lines(block).join('\n')),
  );
}

/** The lines of the comment on an interface. */
export function interfaceDocs(wit, name) {
  return lines(new RegExp(`((?:^///.*\\n)+)interface ${name} \\{`, 'm').exec(read(wit, `${name}.wit`))[1]);
}
