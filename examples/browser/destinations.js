// Where requests of the connector may go. The page and the forwarder apply the same rule.

/** The hosts of Lambda and STS in the partition `aws`. */
const ALLOWED = /^(?:lambda|lambda-fips|sts|sts-fips)\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com$/;

/** The forwarder's path for a request, or `undefined` if its destination is not allowed. */
export function forwardingPath(scheme, authority, pathWithQuery) {
  return scheme === 'HTTPS' && ALLOWED.test(authority) ? `/forward/${authority}${pathWithQuery}` : undefined;
}

/** The inverse of `forwardingPath`: the authority that was signed, and the path with its query. */
export function forwarded(url) {
  const [, authority, path] = /^\/forward\/([^/?]+)(\/.*)$/.exec(url) ?? [];
  return ALLOWED.test(authority ?? '') ? { authority, path } : undefined;
}
