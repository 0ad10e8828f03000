import { createConnector } from '@connectors/aws-lambda';

const lambda = createConnector();
const { output } = await lambda.invoke({ function: 'greet', json: { name: 'Ada' } });
console.log(output?.val);
