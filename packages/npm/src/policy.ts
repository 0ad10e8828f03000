// The outbound policy: the origins that a call may reach.

import type { Connection } from '../raw/interfaces/connectors-aws-lambda-types.js';
import { toConnection } from './check.js';

/** For each partition, the prefix of its regions, its DNS suffix, and its suffix of dual-stack endpoints. */
const PARTITIONS = [
  ['cn-', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  ['us-iso-', 'c2s.ic.gov', 'api.aws.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov', 'api.aws.scloud'],
  ['eu-isoe-', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  ['us-isof-', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  ['eusc-', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['', 'amazonaws.com', 'api.aws'],
] as const;

// A text of another form could name a different service: `lambda-fips.s3.amazonaws.com` is a bucket of S3.
const REGION = /^(?=.{1,63}$)([a-z]+-){2,}\d+$/;

function hosts(service: 'lambda' | 'sts', region: string): string[] {
  const partition = PARTITIONS.find(([prefix]) => region.startsWith(prefix));
  if (partition === undefined || !REGION.test(region)) return [];
  const [, ...suffixes] = partition;
  return suffixes.flatMap((suffix) => ['', '-fips'].map((fips) => `https://${service}${fips}.${region}.${suffix}`));
}

/**
 * The origins that a connector allows if `allowedHosts` is not set. To extend them, pass
 * `allowedHosts: [...defaultAllowedHosts(connection), 'https://proxy.example:8443']`.
 *
 * - The four hosts of Lambda in the connection's region (standard, FIPS, dual-stack, both), over HTTPS on port 443. None if
 *   the region is empty or does not have the form of a region.
 * - The origin of the connection's endpoint, if it names a URL.
 * - With `sts: true`, the same hosts of STS. A connector allows them in each call if the connection leads to a role,
 *   otherwise only in `sessions.open`, `testConnection` and `cards`.
 *
 * Use it only for a connection that the operator wrote: an endpoint that a workflow author typed must not widen the policy.
 *
 * @throws InvalidInputError if a field of the connection does not have its declared type.
 */
export function defaultAllowedHosts(connection: Connection, options: { sts?: boolean } = {}): string[] {
  const { region, credentials, endpoint } = toConnection(connection);
  const sts = options.sts ?? (credentials.tag === 'assume-role' || credentials.tag === 'web-identity');
  const custom = endpoint !== undefined && 'val' in endpoint && URL.canParse(endpoint.val) ? [new URL(endpoint.val).origin] : [];
  return [...hosts('lambda', region), ...(sts ? hosts('sts', region) : []), ...custom];
}

/** Turns entries of `allowedHosts` into origins. A host without a scheme means HTTPS. */
export function toOrigins(allowedHosts: readonly string[]): string[] {
  return allowedHosts.map((entry, index) => {
    const text = entry.includes('://') ? entry : `https://${entry}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    // The entry is not repeated: a URL may contain a password.
    if (
      url === undefined ||
      !['http:', 'https:'].includes(url.protocol) ||
      url.hostname.includes('*') ||
      ![`${url.protocol}//${url.host}`, `${url.protocol}//${url.host}/`].includes(url.href)
    ) {
      throw new TypeError(
        `allowedHosts[${index}] is not a host or an origin; write "lambda.internal", "lambda.internal:8443" or ` +
          '"http://127.0.0.1:9001", without a path, a user or a wildcard',
      );
    }
    return url.origin;
  });
}
