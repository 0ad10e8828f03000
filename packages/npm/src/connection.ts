import { env } from 'node:process';
import type { Connection, Endpoint } from '../raw/interfaces/connectors-aws-lambda-types.js';
import { InvalidInputError } from './errors.js';

/**
 * The connection that AWS's environment variables describe: `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`,
 * `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and for the endpoint `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL`,
 * `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`. An empty variable counts as not set.
 */
export function connectionFromEnvironment(variables: NodeJS.ProcessEnv = env): Connection {
  const read = (name: string): string | undefined => variables[name] || undefined;
  const required = (field: string, ...names: string[]): string => {
    const value = names.map(read).find((text) => text !== undefined);
    if (value !== undefined) return value;
    throw new InvalidInputError(field, `${names.join(' or ')} is not set; set it, or pass \`connection\``);
  };
  const sessionToken = read('AWS_SESSION_TOKEN');
  const endpoint = readEndpoint(read);
  return {
    region: required('connection.region', 'AWS_REGION', 'AWS_DEFAULT_REGION'),
    credentials: {
      tag: 'access-key',
      val: {
        accessKeyId: required('connection.credentials', 'AWS_ACCESS_KEY_ID'),
        secretAccessKey: required('connection.credentials', 'AWS_SECRET_ACCESS_KEY'),
        ...(sessionToken !== undefined && { sessionToken }),
      },
    },
    ...(endpoint !== undefined && { endpoint }),
  };
}

function readEndpoint(read: (name: string) => string | undefined): Endpoint | undefined {
  const url = read('AWS_ENDPOINT_URL_LAMBDA') ?? read('AWS_ENDPOINT_URL');
  const fips = read('AWS_USE_FIPS_ENDPOINT')?.toLowerCase() === 'true';
  const dualStack = read('AWS_USE_DUALSTACK_ENDPOINT')?.toLowerCase() === 'true';
  if (url !== undefined && (fips || dualStack)) {
    throw new InvalidInputError(
      'connection.endpoint',
      'an endpoint URL is set, and FIPS or dual-stack as well, which choose another endpoint; remove one of them',
    );
  }
  if (url !== undefined) return { tag: 'url', val: url };
  if (fips) return { tag: dualStack ? 'fips-dual-stack' : 'fips' };
  return dualStack ? { tag: 'dual-stack' } : undefined;
}
