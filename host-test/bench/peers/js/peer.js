// Invokes `echo` with the AWS SDK for JavaScript, and measures the CPU time of this process.
//
//   peer.js URL PAYLOADS            prints the versions; then, for each line of two numbers, BYTES and CALLS,
//                                   the CPU time of one call
//   peer.js URL PAYLOADS --first    makes one call, and prints that it has its response
//
// The folder PAYLOADS has an event of each length. The keys and the region come from the environment.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const [url, payloads, mode] = process.argv.slice(2);
const payloadOf = (size) => readFileSync(join(payloads, `${size}.json`));

// Connections are kept alive by default. The rest is the same on all sides: no retries, and these times.
const client = new LambdaClient({
  endpoint: url,
  region: process.env.AWS_REGION,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 60_000 },
});

async function invoke(payload) {
  const response = await client.send(new InvokeCommand({ FunctionName: "echo", Payload: payload }));
  if (response.FunctionError || Buffer.compare(response.Payload, payload) !== 0) {
    throw new Error(`unexpected response of ${response.Payload?.length} bytes`);
  }
}

/** The user and system time of all threads so far, in seconds. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function answerLines() {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8"));
  const { version } = lock.packages["node_modules/@aws-sdk/client-lambda"];
  console.log(`@aws-sdk/client-lambda ${version}, Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [size, calls] = line.split(" ").map(Number);
    const payload = payloadOf(size);
    const start = cpuTime();
    for (let call = 0; call < calls; call += 1) {
      await invoke(payload);
    }
    console.log((cpuTime() - start) / calls);
  }
}

if (mode === "--first") {
  await invoke(payloadOf(100));
  console.log("answered");
  client.destroy();
} else {
  await answerLines();
}
