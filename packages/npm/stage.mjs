// stage.mjs COMPONENT FOLDER VERSION: makes FOLDER/package from what jco wrote to FOLDER/raw and FOLDER/documented.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { brotliCompressSync, constants } from 'node:zlib';
import { minify } from 'oxc-minify';
import { docs, interfaceDocs } from './docs.mjs';

const [componentFile, folder, version] = argv.slice(2);
const raw = join(folder, 'raw');
const text = (file) => readFileSync(file, 'utf8');

// The component contains its core modules unchanged, so the package has it once and states where they are.
const component = readFileSync(componentFile);
const modules = {};
for (const file of readdirSync(raw).filter((name) => name.endsWith('.wasm'))) {
  const module = readFileSync(join(raw, file));
  const start = component.indexOf(module);
  assert.ok(start >= 0, `${file} is not a part of the component`);
  modules[file] = [start, module.length];
  rmSync(join(raw, file));
}
writeFileSync(join(raw, 'modules.js'), `export const modules = ${JSON.stringify(modules)};\n`);
writeFileSync(
  join(raw, 'modules.d.ts'),
  '/** Where the component contains its core modules: start and length. */\n' +
    'export declare const modules: Record<string, [start: number, length: number]>;\n',
);
// gzip, which npm uses, needs 20 % more.
const params = {
  [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  [constants.BROTLI_PARAM_SIZE_HINT]: component.length,
};
writeFileSync(join(raw, 'aws-lambda-connector.wasm.br'), brotliCompressSync(component, { params }));

// jco minifies with `--minify` as well, but keeps its log and what only a build with JSPI needs. Without JSPI, each
// `WebAssembly.promising` throws, and V8 parses the whole file to word that error: a quarter of a second for an instance.
const code = text(join(raw, 'connector.js'))
  .replace(/\b_trampoline\d+\.manuallyAsync\b/g, 'false')
  .replace(/try \{\s*(\w+) = WebAssembly\.promising\((.*?)\);\s*\} catch\(err\) \{\s*\1 = \2;\s*\}/g, '$1 = $2;');
assert.doesNotMatch(code, /WebAssembly\.promising|manuallyAsync\b(?! =|:)/);
const minified = await minify('connector.js', code, {
  module: true,
  compress: { target: 'es2022', treeshake: { manualPureFunctions: ['_debugLog'] } },
  // Users of the module recognize an error by the name of its class, `ComponentError`.
  mangle: { keepNames: { function: false, class: true } },
});
assert.deepEqual(minified.errors, []);
writeFileSync(join(raw, 'connector.js'), minified.code);

// The documented declarations must differ from the others in comments only.
const wit = new URL('../../wit/', import.meta.url);
let declarations = '';
const bare = (source) => source.replace(/\/\*\*[^]*?\*\//g, '').split('\n').map((line) => line.trim()).filter((line) => line !== '').sort();
for (const file of readdirSync(join(raw, 'interfaces')).filter((name) => name.startsWith('connectors-'))) {
  const declared = join(raw, 'interfaces', file);
  let source = text(join(folder, 'documented', 'interfaces', file));
  assert.deepEqual(bare(source), bare(text(declared)), `${file}: the WIT is not that of the component`);
  const name = file.replace(/^connectors-aws-lambda-(.*)\.d\.ts$/, '$1');
  const about = interfaceDocs(wit, name).map((line) => ` * ${line}`.trimEnd());
  source = source.replace(/^\/\*\* (@module .*) \*\*\/$/m, () => ['/**', ...about, ' *', ' * $1', ' */'].join('\n').replace('$1', () => `@module ${name}`));
  writeFileSync(declared, source);
  declarations += source;
}
const flat = (source) => source.replace(/^\s*\*/gm, ' ').replace(/\s+/g, ' ');
const missing = docs(wit).filter((comment) => !flat(declarations).includes(flat(comment)));
assert.deepEqual(missing, [], 'a comment of the WIT is missing in the declarations');

// What the functions take, for the check of the arguments. jco declares every number alike, so the WIT is read.
const types = {};
const functions = {};
const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const members = (body) => [...body.matchAll(/([\w-]+)(?:: ([^,]+)|\((.+?)\))?(?:,|$)/g)].map(([, name, field, content]) => [name, field ?? content ?? null]);
for (const file of readdirSync(wit).filter((name) => name.endsWith('.wit'))) {
  const source = text(new URL(file, wit)).replace(/\/\/.*/g, '');
  for (const [, kind, name, body] of source.matchAll(/\b(record|variant|enum) ([\w-]+) \{([^}]*)\}/g)) {
    assert.ok(!(name in types), `two types are named ${name}`);
    types[name] = { [kind]: kind === 'enum' ? members(body).map(([word]) => word) : Object.fromEntries(members(body)) };
  }
  for (const [, name, body] of source.matchAll(/([\w-]+): func\((.*?)\)/g)) {
    functions[`${file.replace('.wit', '')}.${camel(name)}`] = Object.fromEntries(members(body));
  }
}
const taken = {};
const take = (type) => {
  const name = type.replace(/option<|list<|>/g, '');
  if (name in taken || ['bool', 'string', 'u8', 'u16', 'u32', 'u64'].includes(name)) return;
  assert.ok(name in types, `the arguments cannot be checked: ${type} is unknown`);
  taken[name] = types[name];
  const { record = {}, variant = {} } = types[name];
  for (const field of Object.keys(record)) assert.ok(new RegExp(`^  '?${camel(field)}'?\\??: `, 'm').test(declarations), `${field} has another name`);
  for (const content of Object.values({ ...record, ...variant })) if (content !== null) take(content);
};
for (const parameters of Object.values(functions)) Object.values(parameters).forEach(take);
writeFileSync(join(raw, 'parameters.js'), `export const functions = ${JSON.stringify(functions)};\nexport const types = ${JSON.stringify(taken)};\n`);
writeFileSync(
  join(raw, 'parameters.d.ts'),
  '/** For each function, as `interface.function`, its parameters and their types in the WIT. */\n' +
    'export declare const functions: Record<string, Record<string, string>>;\n' +
    '/** The types that the parameters consist of. A case without a value is `null`. */\n' +
    'export declare const types: Record<string, { record?: Record<string, string>; variant?: Record<string, string | null>; enum?: string[] }>;\n',
);

// jco 1.35 declares the imports with versions, but reads them without.
const root = join(raw, 'connector.d.ts');
writeFileSync(root, text(root).replace(/^(  'wasi:[^@']*)@[^']*'/gm, "$1'"));

const { dependencies } = JSON.parse(text(new URL('manifest.json', import.meta.url)));
const tools = JSON.parse(text(new URL('package.json', import.meta.url))).devDependencies;
for (const [name, pinned] of Object.entries(dependencies)) assert.equal(tools[name], pinned, `${name} is built with another version`);
mkdirSync(join(folder, 'package'));
renameSync(raw, join(folder, 'package', 'raw'));
const manifest = { name: env.NPM_NAME || '@connectors/aws-lambda', version, ...JSON.parse(text(new URL('manifest.json', import.meta.url))) };
writeFileSync(join(folder, 'package', 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
