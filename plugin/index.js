/**
 * What Pulumi loads. JavaScript, because it would compile TypeScript with ts-node, which does not know this project's; Pulumi's
 * analyzer reads the types from index.ts beside it. In the npm package the compiled index.ts stands here.
 */
export * from "./index.ts";
