/** Rotation, loaded with the first secret that is rotated: most are not. */

import { isDeepStrictEqual } from "node:util";
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Operation } from "../../service.ts";
import type { SecretAccess } from "./access.ts";
import type { RotateInput, Rotations } from "./rotation.ts";
import type { Secrets } from "./secrets.ts";

export function rotationOperations(cloud: Cloud, secrets: Secrets, access: SecretAccess) {
  let loading: Promise<Rotations> | undefined;
  const rotation = () => {
    loading ??= import("./rotation.ts").then(({ rotations }) => rotations(cloud, secrets));
    return loading;
  };
  const operations: Record<string, Operation> = {
    RotateSecret: {
      authorize: (input: RotateInput) => {
        const onSecret = access.on("RotateSecret")(input);
        const functionArn = input.RotationLambdaARN;
        if (functionArn === undefined) return onSecret;
        const context = { ...onSecret.context, "secretsmanager:RotationLambdaARN": functionArn };
        return [
          { ...onSecret, context },
          { action: "lambda:InvokeFunction", resource: functionArn },
        ];
      },
      run: async (input: RotateInput) => (await rotation()).rotate(input),
    },
    CancelRotateSecret: {
      authorize: access.on("CancelRotateSecret"),
      run: async ({ SecretId }) => (await rotation()).cancel(SecretId),
    },
  };
  return {
    operations,
    /** Takes up the schedules of an earlier run. */
    resume(): void {
      if (secrets.store.list().some((secret) => secret.rotation?.enabled)) void rotation();
    },
    async declare({ inputs }: Resource): Promise<void> {
      const SecretId = String(inputs.secretId);
      const RotationLambdaARN = String(inputs.rotationLambdaArn);
      const { rulesOf } = await import("./rotation-schedule.ts");
      const RotationRules = rulesOf(inputs.rotationRules as Record<string, unknown> | undefined);
      const known = secrets.found(SecretId).rotation;
      if (known?.functionArn === RotationLambdaARN && isDeepStrictEqual(known.rules, RotationRules)) return;
      const RotateImmediately = inputs.rotateImmediately !== false;
      await (await rotation()).rotate({ SecretId, RotationLambdaARN, RotationRules, RotateImmediately });
    },
    stop: async () => (await loading)?.stop(),
  };
}
