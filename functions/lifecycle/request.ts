/** What the lifecycle function is asked for. */

import * as T from "typebox";
import { Compile } from "typebox/compile";

const TenantSpecification = T.Object({
  id: T.String({ pattern: "^[a-z][a-z0-9]{2,30}$" }),
  displayName: T.String({ minLength: 1, maxLength: 200 }),
  tier: T.String({ minLength: 1 }),
  placement: T.Unsafe<"silo" | "bridge" | "pool">({ type: "string", enum: ["silo", "bridge", "pool"] }),
  cell: T.String({ minLength: 1 }),
  hosts: T.Array(T.String({ minLength: 1 }), { minItems: 1 }),
  adminEmail: T.Optional(T.Unsafe<string | null>({ type: ["string", "null"] })),
  limits: T.Optional(T.Object({ statementTimeoutMs: T.Optional(T.Integer({ minimum: 100, maximum: 45_000 })) })),
  webhookUrl: T.Optional(T.Unsafe<string | null>({ type: ["string", "null"] })),
});
export type TenantSpecification = T.Static<typeof TenantSpecification>;

export type LifecycleRequest =
  | { operation: "provision"; tenant: TenantSpecification }
  | { operation: "suspend"; tenantId: string }
  | { operation: "resume"; tenantId: string };

const shapes = {
  provision: Compile(T.Object({ tenant: TenantSpecification })),
  suspend: Compile(T.Object({ tenantId: T.String() })),
  resume: Compile(T.Object({ tenantId: T.String() })),
};

export class InvalidLifecycleRequest extends Error {
  override readonly name = "InvalidLifecycleRequest";
}

/** @throws InvalidLifecycleRequest with everything that is wrong. */
export function readLifecycleRequest(event: unknown): LifecycleRequest {
  const operation = String((event as { operation?: unknown } | null)?.operation);
  if (!Object.hasOwn(shapes, operation))
    throw new InvalidLifecycleRequest(`Unknown operation ${operation}; there are ${Object.keys(shapes).join(", ")}`);
  const shape = shapes[operation as keyof typeof shapes];
  if (!shape.Check(event)) {
    const problems = shape.Errors(event).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
    throw new InvalidLifecycleRequest(`The ${operation} request is not valid: ${problems.join("; ")}`);
  }
  return event as LifecycleRequest;
}
