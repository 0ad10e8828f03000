// Writes a streamed response to standard output while it arrives: npm run stream -- FUNCTION [PAYLOAD]

import { argv, env, exit, stdout } from 'node:process';
import { pipeline } from 'node:stream/promises';
import { fromEnvironment } from './connection.js';
import { lambdaError } from './error.js';
import { originsFor } from './origins.js';
import { stream } from './streaming.js';

const [name, payload] = argv.slice(2);
if (name === undefined) {
  console.error('usage: npm run stream -- FUNCTION [PAYLOAD]');
  exit(2);
}
const connection = fromEnvironment(env);
const request = { function: name, ...(payload !== undefined && { payload }) };

try {
  const { pieces, end } = await stream(originsFor(connection), connection, request);
  await pipeline(pieces, stdout, { end: false });
  // Only the end shows whether the function succeeded.
  const ended = await end;
  if (ended.tag === 'err') {
    console.error(ended.val);
    exit(ended.val.tag === 'function-failed' ? 3 : 1);
  }
} catch (thrown) {
  console.error(lambdaError(thrown));
  exit(1);
}
