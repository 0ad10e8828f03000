// Confines the shim's outgoing HTTP, which reaches every destination by default.

import { http } from '@bytecodealliance/preview2-shim';
import { isAllowed, type Allowed } from './origins.js';

/** The shim's `wasi:http`, confined to these destinations. */
export function confined(allowed: Allowed): typeof http {
  const handle: typeof http.outgoingHandler.handle = (request, options) => {
    const scheme = request.scheme()?.tag ?? 'HTTPS';
    const authority = request.authority() ?? '';
    if (!isAllowed(`${scheme.toLowerCase()}://${authority}`, allowed)) {
      // The connector reports this WIT error as `transport` with kind `denied`.
      throw { tag: 'HTTP-request-denied' };
    }
    return http.outgoingHandler.handle(request, options);
  };
  return { ...http, outgoingHandler: { ...http.outgoingHandler, handle } };
}
