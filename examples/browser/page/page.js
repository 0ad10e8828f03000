// The form and its button.

import { testConnection } from './connector.js';

/** The connector's own deadlines are shorter for each request, but a test makes several. */
const LIMIT_MS = 60_000;

const KEYS = ['access-key-id', 'secret-access-key', 'session-token'];

const form = document.getElementById('form');
const button = form.querySelector('button');
const status = document.getElementById('status');
const result = document.getElementById('result');
const checks = document.getElementById('checks');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  result.hidden = true;
  status.textContent = 'Testing…';
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    const { connection, functionName } = takeFields();
    const found = await Promise.race([testConnection(connection, functionName, limit.signal), expired(limit.signal)]);
    show(found);
  } catch (thrown) {
    status.textContent = explain(thrown, limit.signal);
  } finally {
    clearTimeout(timer);
    button.disabled = false;
  }
});

/** Reads the fields, and clears those that hold keys before anything can fail. */
function takeFields() {
  const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  for (const name of KEYS) form.elements[name].value = '';
  const key = {
    accessKeyId: fields['access-key-id'],
    secretAccessKey: fields['secret-access-key'],
    sessionToken: fields['session-token'] || undefined,
  };
  const credentials = fields.role
    ? { tag: 'assume-role', val: { source: key, roles: [{ arn: fields.role }] } }
    : { tag: 'access-key', val: key };
  return { connection: { region: fields.region, credentials }, functionName: fields.function || undefined };
}

function expired(signal) {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function show(found) {
  checks.replaceChildren(...found.map(row));
  result.hidden = false;
  const failed = found.filter(({ outcome }) => outcome === 'failed').length;
  status.textContent = failed === 0 ? 'No check failed.' : `Checks that failed: ${failed}.`;
}

/** Only `textContent`: a detail repeats what a server sent. */
function row({ subject, outcome, detail }) {
  const cells = [document.createElement('th'), document.createElement('td'), document.createElement('td')];
  cells[0].scope = 'row';
  [subject, outcome, detail].forEach((text, at) => (cells[at].textContent = text));
  const tr = document.createElement('tr');
  tr.dataset.outcome = outcome;
  tr.append(...cells);
  return tr;
}

function explain(thrown, { aborted }) {
  if (aborted) return `The test has no result after ${LIMIT_MS / 1_000} seconds.`;
  // jco throws the `error` of a WIT `result` as a `ComponentError`.
  const { tag, val } = thrown?.payload ?? {};
  if (tag === 'invalid-input') return `Not tested: ${val.field}: ${val.message}`;
  if (!('Suspending' in WebAssembly)) return 'Not tested: this browser cannot suspend WebAssembly (JSPI).';
  return 'The test stopped: the page could not load or run the connector. Reload the page.';
}
