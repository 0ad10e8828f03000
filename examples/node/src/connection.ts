import type { Connection } from '../generated/interfaces/connectors-aws-lambda-types.js';

/** The connection that AWS's environment variables describe. */
export function fromEnvironment(env: NodeJS.ProcessEnv): Connection {
  const endpoint = env['AWS_ENDPOINT_URL_LAMBDA'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return {
    region: required(env, 'AWS_REGION'),
    credentials: {
      tag: 'access-key',
      val: {
        accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
        secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
        ...(sessionToken !== undefined && { sessionToken }),
      },
    },
    ...(endpoint !== undefined && { endpoint: { tag: 'url', val: endpoint } }),
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
