import { env } from 'node:process';
import { fromEnvironment } from './connection.js';
import { load } from './connector.js';
import { originsFor } from './origins.js';

const connection = fromEnvironment(env);
const { lambda } = await load(originsFor(connection));
const { output } = lambda.invoke(connection, { function: 'greet', payload: '{"name": "Ada"}' });
console.log(output?.val);
