/** Reserved and provisioned concurrency. */
import type { Operation } from "../../../service.ts";
import { AwsError } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { LambdaFunction } from "../functions.ts";
import type { Api } from "./api.ts";
import { invalid, pageOf } from "./errors.ts";

/** Of an account, and what of it has to stay without a reservation. */
const ACCOUNT_LIMIT = 1_000;
const UNRESERVED_LEAST = 100;

export function concurrencyOperations({ functions, made, arnOf, onFunction }: Api): Record<string, Operation> {
  const latestOf = (text: string) => functions.find(parseFunctionName(text).name);
  const unreserved = (but?: LambdaFunction) => {
    let left = ACCOUNT_LIMIT;
    for (const latest of functions.all.values()) {
      if (latest !== but) left -= latest.config.reservedConcurrency ?? 0;
    }
    return left;
  };

  async function reserve(latest: LambdaFunction, reserved: number): Promise<void> {
    const { declaration, config } = latest;
    const { name, arn } = config;
    await made.change("function", name, {
      inputs: { ...declaration.inputs, reservedConcurrentExecutions: reserved },
      outputs: { name, arn },
    });
  }

  /** The version that a qualifier names, for an alias without weights. */
  function provisionable(FunctionName: string, Qualifier: string): LambdaFunction {
    const { name } = latestOf(FunctionName).config;
    const version = functions.versions.alias(name, Qualifier)?.version ?? Qualifier;
    if (version === "$LATEST") {
      throw invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
    }
    return functions.find(name, version);
  }

  /** As though all that was asked for were there once what this machine keeps is. */
  const describe = ({ provisioned, pools }: LambdaFunction) => ({
    RequestedProvisionedConcurrentExecutions: provisioned!.requested,
    ...(pools.get("")?.provisioning === "done"
      ? {
          AvailableProvisionedConcurrentExecutions: provisioned!.requested,
          AllocatedProvisionedConcurrentExecutions: provisioned!.requested,
          Status: "READY",
        }
      : {
          AvailableProvisionedConcurrentExecutions: 0,
          AllocatedProvisionedConcurrentExecutions: 0,
          ...(pools.get("")?.provisioning === "failed"
            ? { Status: "FAILED", StatusReason: "FUNCTION_ERROR_INIT_FAILURE" }
            : { Status: "IN_PROGRESS" }),
        }),
    LastModified: new Date(provisioned!.changedAt).toISOString().replace("Z", "+0000"),
  });

  return {
    PutFunctionConcurrency: {
      authorize: onFunction("PutFunctionConcurrency"),
      async run({ FunctionName, ReservedConcurrentExecutions }) {
        const latest = latestOf(FunctionName);
        if (!(ReservedConcurrentExecutions >= 0)) throw invalid("ReservedConcurrentExecutions must be 0 or more");
        if (unreserved(latest) - ReservedConcurrentExecutions < UNRESERVED_LEAST) {
          throw invalid(
            `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_LEAST}].`,
          );
        }
        await reserve(latest, ReservedConcurrentExecutions);
        return { ReservedConcurrentExecutions };
      },
    },
    GetFunctionConcurrency: {
      authorize: onFunction("GetFunctionConcurrency"),
      run: ({ FunctionName }) => ({ ReservedConcurrentExecutions: latestOf(FunctionName).config.reservedConcurrency }),
    },
    DeleteFunctionConcurrency: {
      authorize: onFunction("DeleteFunctionConcurrency"),
      async run({ FunctionName }) {
        await reserve(latestOf(FunctionName), -1);
        return {};
      },
    },
    PutProvisionedConcurrencyConfig: {
      authorize: onFunction("PutProvisionedConcurrencyConfig"),
      async run({ FunctionName, Qualifier, ProvisionedConcurrentExecutions: requested }) {
        const target = provisionable(FunctionName, Qualifier);
        const { name } = target.config;
        const reserved = latestOf(name).config.reservedConcurrency;
        if (!(requested >= 1)) throw invalid("ProvisionedConcurrentExecutions must be 1 or more");
        if (target.config.perTenant) {
          throw invalid("Provisioned concurrency is not supported for functions with tenant isolation mode.");
        }
        if (requested > (reserved ?? unreserved() - UNRESERVED_LEAST)) {
          throw invalid(
            reserved === undefined
              ? "Specified ConcurrentExecutions for function is greater than the account's unreserved concurrency."
              : "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
          );
        }
        await made.create("provisionedConcurrencyConfig", `${name}:${Qualifier}`, {
          inputs: { functionName: name, qualifier: Qualifier, provisionedConcurrentExecutions: requested },
          outputs: {},
        });
        return describe(target);
      },
    },
    GetProvisionedConcurrencyConfig: {
      authorize: onFunction("GetProvisionedConcurrencyConfig"),
      run({ FunctionName, Qualifier }) {
        const target = provisionable(FunctionName, Qualifier);
        if (target.provisioned) return describe(target);
        throw new AwsError(
          "ProvisionedConcurrencyConfigNotFoundException",
          "No Provisioned Concurrency Config found for this function",
          404,
          { Type: "User" },
        );
      },
    },
    DeleteProvisionedConcurrencyConfig: {
      authorize: onFunction("DeleteProvisionedConcurrencyConfig"),
      run({ FunctionName, Qualifier }) {
        const target = provisionable(FunctionName, Qualifier);
        functions.provision(target, undefined);
        made.forget("provisionedConcurrencyConfig", `${target.config.name}:${Qualifier}`);
        return {};
      },
    },
    ListProvisionedConcurrencyConfigs: {
      authorize: onFunction("ListProvisionedConcurrencyConfigs"),
      run({ FunctionName, ...paging }) {
        const { name } = latestOf(FunctionName).config;
        const all = functions.versions.of(name).filter(({ provisioned }) => provisioned);
        const { page, NextMarker } = pageOf(all, paging);
        const ProvisionedConcurrencyConfigs = page.map((target) => ({
          FunctionArn: `${arnOf(name)}:${target.config.version}`,
          ...describe(target),
        }));
        return { ProvisionedConcurrencyConfigs, NextMarker };
      },
    },
    GetAccountSettings: {
      authorize: () => ({ action: "lambda:GetAccountSettings", resource: "*" }),
      run: () => ({
        AccountLimit: {
          TotalCodeSize: 80_530_636_800,
          CodeSizeUnzipped: 262_144_000,
          CodeSizeZipped: 52_428_800,
          ConcurrentExecutions: ACCOUNT_LIMIT,
          UnreservedConcurrentExecutions: unreserved(),
        },
        AccountUsage: {
          FunctionCount: functions.all.size,
          TotalCodeSize: [...functions.all.values()].reduce((sum, { code }) => sum + code.bytes, 0),
        },
      }),
    },
  };
}
