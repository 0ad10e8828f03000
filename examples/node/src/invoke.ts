// Invokes one function: npm run invoke -- FUNCTION [PAYLOAD]

import { argv, env, exit } from 'node:process';
import { fromEnvironment } from './connection.js';
import { load } from './connector.js';
import { lambdaError } from './error.js';
import { originsFor } from './origins.js';

const [name, payload] = argv.slice(2);
if (name === undefined) {
  console.error('usage: npm run invoke -- FUNCTION [PAYLOAD]');
  exit(2);
}
const connection = fromEnvironment(env);
const { lambda } = await load(originsFor(connection));

try {
  const { output, statusCode } = lambda.invoke(connection, {
    function: name,
    ...(payload !== undefined && { payload }),
  });
  switch (output?.tag) {
    case 'text':
      console.log(output.val);
      break;
    case 'binary':
      console.log(`${output.val.length} bytes of binary output`);
      break;
    default:
      console.log(`status ${statusCode}, no output`);
  }
} catch (thrown) {
  const error = lambdaError(thrown);
  // Check `executed` before you retry.
  switch (error.tag) {
    case 'function-failed':
      console.error(`the function failed: ${error.val.failure.errorType}: ${error.val.failure.errorMessage}`);
      exit(3);
    case 'service':
    case 'unauthenticated':
    case 'transport':
      console.error(`${error.tag}: ${error.val.message} (did the function run? ${error.val.executed})`);
      exit(1);
    case 'invalid-input':
      console.error(`${error.val.field}: ${error.val.message}`);
      exit(2);
    case 'execution-failed':
      exit(1);
  }
}
