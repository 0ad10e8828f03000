// The shim's outgoing HTTP, which reaches every destination, confined to some.

import { http } from '@bytecodealliance/preview2-shim';

/** Origins as `URL.origin` writes them, for example `https://lambda.eu-central-1.amazonaws.com`. */
export type Allowed = readonly string[];

/**
 * What Lambda answers on in one region of the partition `aws`. The role kinds of credentials, and the
 * identity check of `test-connection`, need `https://sts.${region}.amazonaws.com` as well.
 */
export function lambdaIn(region: string): Allowed {
  return [
    `https://lambda.${region}.amazonaws.com`,
    `https://lambda-fips.${region}.amazonaws.com`,
    `https://lambda.${region}.api.aws`,
    `https://lambda-fips.${region}.api.aws`,
  ];
}

/** The shim's `wasi:http`, confined to these destinations. */
export function confined(allowed: Allowed): typeof http {
  const handle: typeof http.outgoingHandler.handle = (request, options) => {
    const scheme = request.scheme()?.tag ?? 'HTTPS';
    const authority = request.authority() ?? '';
    if (!allowed.includes(origin(`${scheme.toLowerCase()}://${authority}`))) {
      // The WIT error that says so; the connector reports it as `transport` with kind `denied`.
      throw { tag: 'HTTP-request-denied' };
    }
    return http.outgoingHandler.handle(request, options);
  };
  return { ...http, outgoingHandler: { ...http.outgoingHandler, handle } };
}

function origin(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}
