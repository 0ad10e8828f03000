// watch.js FOLDER [LIMIT_MS]: runs calls.js in a process of its own, kills it at the limit, and reports what it did.
// Exit code 0: the event loop blocks, as report.md describes. 3: two calls returned. 1: something else happened.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BLOCKED = ['one call returned', 'two calls begin'];
const RETURNED = [...BLOCKED, 'timer fired', 'two calls returned'];

const [folder, limit = '5000'] = process.argv.slice(2);
const calls = fileURLToPath(new URL('calls.js', import.meta.url));
const child = spawn(process.execPath, [calls, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
let output = '';
child.stdout.on('data', (data) => (output += data));
let killed = false;
const timer = setTimeout(() => (killed = child.kill('SIGKILL')), Number(limit));

child.on('close', (code) => {
  clearTimeout(timer);
  const lines = output.trim().split('\n');
  const did = (expected) => JSON.stringify(lines) === JSON.stringify(expected);
  if (killed && did(BLOCKED)) {
    console.log(`reproduced: two calls at once did not return within ${limit} ms, and a timer of 10 ms did not fire`);
  } else if (code === 0 && did(RETURNED)) {
    console.log('two calls at once returned');
    process.exitCode = 3;
  } else {
    console.log(`unexpected: exit code ${code}, ${killed ? 'killed' : 'not killed'}, output:\n${output}`);
    process.exitCode = 1;
  }
});
