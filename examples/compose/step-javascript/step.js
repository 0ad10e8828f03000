// A workflow step that calls the connector for each name and extracts one field of each response.

import { invoke } from 'connectors:aws-lambda/lambda@0.2.0';

export const greetings = {
  greetAll({ region, accessKeyId, secretAccessKey, sessionToken, endpoint }, names) {
    const connection = {
      region,
      credentials: { tag: 'access-key', val: { accessKeyId, secretAccessKey, sessionToken } },
      endpoint: endpoint === undefined ? undefined : { tag: 'url', val: endpoint },
    };
    return names.map((name) => greet(connection, name));
  },
};

function greet(connection, name) {
  const output = call(connection, { function: 'greet', payload: JSON.stringify({ name }) }).output;
  if (output?.tag !== 'text') throw { tag: 'ran', val: 'the function returned no text' };
  const message = parse(output.val)?.message;
  if (typeof message !== 'string') throw { tag: 'ran', val: `the response has no \`message\`: ${output.val}` };
  return message;
}

function call(connection, request) {
  try {
    return invoke(connection, request);
  } catch (thrown) {
    throw failure(thrown?.payload);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(error) {
  switch (error?.tag) {
    case 'invalid-input':
      return { tag: 'not-run', val: error.val.message };
    case 'unauthenticated':
    case 'service':
    case 'transport':
      return { tag: { no: 'not-run', yes: 'ran', unknown: 'unknown' }[error.val.executed], val: error.val.message };
    case 'function-failed':
      return { tag: 'ran', val: error.val.failure.errorMessage ?? '' };
    default:
      return { tag: 'unknown', val: 'the sandbox failed' };
  }
}
