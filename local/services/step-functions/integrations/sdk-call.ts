/** A call of another service's API, in the machine's role. */
import { describeService, type WireService } from "../../../protocols/schema.ts";
import { AwsError, type Call, type Cloud } from "../../../service.ts";
import type { Json, JsonObject } from "../language/definition.ts";
import { runtimeError, StatesError } from "../language/states-error.ts";
import type { SdkService } from "./sdk-services.ts";
import { fromOutput, toInput } from "./shapes.ts";

const described = new Map<string, Promise<WireService>>();

function describe({ name, client }: SdkService): Promise<WireService> {
  const known = described.get(name);
  if (known) return known;
  const describing = client().then(describeService);
  described.set(name, describing);
  return describing;
}

/** How errors are named: optimized integrations and SDK integrations differ. */
export interface ErrorNames {
  prefix: string;
  /** For what has no name of its own. */
  general: string;
}

export const sdkErrors = ({ errors }: SdkService): ErrorNames => ({ prefix: errors, general: `${errors}Exception` });

/** @param operation `putItem` or `PutItem` */
export async function sdkCall(
  cloud: Cloud,
  service: SdkService,
  operation: string,
  args: Json,
  call: Partial<Call>,
  names: ErrorNames,
): Promise<JsonObject> {
  const known = (await describe(service)).operations.get(operation[0]!.toUpperCase() + operation.slice(1));
  if (!known) throw runtimeError(`The resource provided aws-sdk:${service.name}:${operation} is not recognized.`);
  const input = toInput(known.input, args) as object;
  try {
    const output = await cloud.call(service.name, known.name, input, call);
    return ((await fromOutput(known.output, output)) ?? {}) as JsonObject;
  } catch (error) {
    throw named(error, names);
  }
}

/** As the SDK for Java has it, that Step Functions calls with: every name ends in Exception. */
export function named(error: unknown, { prefix, general }: ErrorNames): StatesError {
  if (error instanceof StatesError) return error;
  if (!(error instanceof AwsError))
    return new StatesError(`${prefix}.SdkClientException`, String((error as Error).message));
  const isCommon =
    /^(AccessDenied|AccessDeniedException|ValidationException|ValidationError|InternalFailure|Unknown\w*)$/;
  const own = /(Exception|Error)$/.test(error.code)
    ? error.code.replace(/Error$/, "Exception")
    : `${error.code}Exception`;
  const name = isCommon.test(error.code) ? general : own;
  return new StatesError(`${prefix}.${name}`, `${error.message} (Service: ${prefix}, Status Code: ${error.status})`);
}
