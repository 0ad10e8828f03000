// What an invocation needs beside the WIT's fields: the payload as a JSON value, and its hash.

import { createHash } from 'node:crypto';
import type { InvokeRequest } from '../raw/interfaces/connectors-aws-lambda-lambda.js';
import { InvalidInputError } from './errors.js';

/**
 * The WIT's `invoke-request`, with one addition: `json`.
 *
 * - `payload` is JSON text, sent byte for byte. Large integers and the order of keys survive.
 * - `json` is a value, sent as `JSON.stringify` writes it. It excludes `payload`.
 */
export type InvokeOptions = InvokeRequest & {
  /** The payload as any value that `JSON.stringify` writes. Text is a JSON string here: `json: 'a'` sends `"a"`. */
  json?: unknown;
};

/**
 * Writes `json` as the payload, marked as valid JSON, and adds the SHA-256 of the payload, which Node.js computes several times as
 * fast as the sandbox. A hash that the caller has set is kept.
 */
export function toInvokeRequest(options: InvokeOptions): InvokeRequest {
  let { json, ...request } = options ?? {};
  if (json !== undefined) {
    if (request.payload !== undefined && request.payload !== null) {
      throw new InvalidInputError('request.json', '`payload` is set as well; set `payload` for JSON text or `json` for a value');
    }
    request = { ...request, payload: serialize(json), payloadIsJson: true };
  }
  const { payload } = request;
  if (payload === undefined || payload === null) return request;
  if (typeof payload !== 'string') {
    throw new InvalidInputError('request.payload', 'it is not text; pass JSON text here, or the value as `json`');
  }
  // UTF-8 cannot express a lone surrogate, so the text would not arrive unchanged.
  if (!payload.isWellFormed()) {
    throw new InvalidInputError('request.payload', 'it contains half of a surrogate pair; write it as a JSON escape');
  }
  return { payloadSha256: createHash('sha256').update(payload, 'utf8').digest(), ...request };
}

function serialize(json: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(json);
  } catch {
    // The reason of `JSON.stringify` may quote the value.
    throw new InvalidInputError('request.json', 'it has a cycle or a BigInt, which JSON cannot express; pass JSON text as `payload`');
  }
  if (text === undefined) throw new InvalidInputError('request.json', 'a function or a symbol is not a JSON value');
  return text;
}
