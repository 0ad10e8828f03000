// Writes a streamed response of up to 200 MiB to standard output once it is complete: npm run collect -- FUNCTION [PAYLOAD]

import { argv, env, exit, stdout } from 'node:process';
import { fromEnvironment } from './connection.js';
import { load } from './connector.js';
import { lambdaError } from './error.js';
import { originsFor } from './origins.js';

const [name, payload] = argv.slice(2);
if (name === undefined) {
  console.error('usage: npm run collect -- FUNCTION [PAYLOAD]');
  exit(2);
}
const connection = fromEnvironment(env);
const { lambda } = await load(originsFor(connection));

try {
  const { output } = lambda.invoke(connection, {
    function: name,
    ...(payload !== undefined && { payload }),
    responseMode: 'streamed',
    maxResponseBytes: 209_715_200,
  });
  if (output !== undefined) stdout.write(output.val);
} catch (thrown) {
  const error = lambdaError(thrown);
  console.error(error);
  exit(error.tag === 'function-failed' ? 3 : 1);
}
