/**
 * What examples speak of without making it: a handler, a queue, a network. An example is a program of its own only together
 * with these; each is made when an example names it.
 */

/** Name → expression, which may name others. */
export const STAGE: Record<string, string> = {
  analysts: '"arn:aws:quicksight:eu-west-1:000000000000:group/default/analysts"',
  api: 'new Function("api", { entry: "functions/api", timeoutSeconds: 10 })',
  apiId: '"a1b2c3d4e5"',
  apiSecurityGroup: '{ id: "sg-0123456789abcdef0" }',
  authorizer: 'new Function("authorizer", { entry: "functions/authorizer" })',
  cell: 'new Cell("eu1-shared-a", { cell: stackSettings.cells[0], settings: stackSettings })',
  charge: 'new Function("charge", { entry: "functions/charge" })',
  columns: '{ tenant: "STRING", route: "STRING", calls: "INTEGER" }',
  consumer: 'new Function("consumer", { entry: "functions/consumer" })',
  database: 'new Database("db", { network })',
  events: 'new Topic("events")',
  handler: 'new Function("handler", { entry: "functions/handler" })',
  id: '"a1b2c3d4e5"',
  indexer: 'new Function("indexer", { entry: "functions/indexer" })',
  lake: 'new DataLake("lake", { tables: { requests: { columns: { route: "string", milliseconds: "double" } } } })',
  network: 'new Network("net", { cidr: "10.0.0.0/20" })',
  openapi: '"functions/api/openapi.json"',
  orders: 'new Queue("orders")',
  queue: 'new Queue("queue")',
  report: 'new Function("report", { entry: "functions/report" })',
  sessions: 'new Function("sessions", { entry: "functions/sessions" })',
  settings: "stackSettings",
  ship: 'new Function("ship", { entry: "functions/ship" })',
  shop: 'new Api("shop", { openapi: "functions/api/openapi.json", handler, authorizer })',
  sql: "\"SELECT tenant, route, count(*) AS calls FROM requests WHERE tenant IN ('acme') GROUP BY tenant, route\"",
  stackSettings: "terrace.settings()",
  stage: '"v1"',
  stream: 'new Stream("stream")',
  tenant: "stackSettings.tenants.find(({ cell }) => cell === stackSettings.cells[0].name)",
  token: '{ arn: "arn:aws:secretsmanager:eu-west-1:000000000000:secret:token-AbCdEf" }',
  topic: 'new Topic("topic")',
  topicArn: '"arn:aws:sns:eu-west-1:000000000000:operations"',
};
