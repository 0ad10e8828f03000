// The origins that the connector may reach.

import type { Connection } from '../generated/interfaces/connectors-aws-lambda-types.js';

/** Origins in the form of `URL.origin`, for example `https://lambda.eu-central-1.amazonaws.com`. */
export type Allowed = readonly string[];

/** Lambda's origins in one region of the partition `aws`. Roles also need `https://sts.${region}.amazonaws.com`. */
export function lambdaIn(region: string): Allowed {
  return [
    `https://lambda.${region}.amazonaws.com`,
    `https://lambda-fips.${region}.amazonaws.com`,
    `https://lambda.${region}.api.aws`,
    `https://lambda-fips.${region}.api.aws`,
  ];
}

/**
 * Lambda's origins in the region of the connection, and its custom endpoint if it names one. Only for a
 * connection that the operator wrote: a workflow author's endpoint must not widen the policy.
 */
export function originsFor({ endpoint, region }: Connection): Allowed {
  return endpoint?.tag === 'url' ? [...lambdaIn(region), new URL(endpoint.val).origin] : lambdaIn(region);
}

export function isAllowed(url: string, allowed: Allowed): boolean {
  return URL.canParse(url) && allowed.includes(new URL(url).origin);
}
