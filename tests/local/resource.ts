/** A resource as a graph would have it, for provisioning a service without a program. */
import type { Resource, Value } from "../../engine/graph.ts";
import { outputsOf } from "../../engine/outputs/index.ts";

const context = { account: "000000000000", region: "eu-west-1", partition: "aws", stack: "test" };

export function resource(type: string, name: string, inputs: Record<string, Value>): Resource {
  const urn = `urn:pulumi:test::test::${type}::${name}`;
  const { id, outputs } = outputsOf({ urn, type, name, inputs }, context);
  const rest = { custom: true, secrets: [], dependencies: [], propertyDependencies: {}, options: {} };
  return { urn, type, name, id, inputs, outputs: outputs as Record<string, Value>, ...rest };
}
