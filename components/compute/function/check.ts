import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Grant } from "../../grants.ts";
import { checkForm, checkRange, checkRetention, InvalidArgumentError } from "../../invalid-argument.ts";
import { targetsNothing } from "../bundle.ts";
import { checkDurable } from "../durable.ts";
import type { FunctionArgs } from "../function.ts";
import { checkAddress } from "./address.ts";
import { checkEvents } from "./asynchronous.ts";
import { checkVariableNames } from "./environment.ts";
import { checkRelease } from "./release.ts";
import { checkVpc } from "./vpc.ts";

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkFunction(component: string, args: FunctionArgs): void {
  checkEntry(component, args.entry);
  checkForm(component, "functionName", args.functionName, /^[\w-]{1,64}$/, "1 to 64 letters, digits, - or _");
  checkRange(component, "memoryMb", args.memoryMb, 128, 10_240);
  checkRange(component, "timeoutSeconds", args.timeoutSeconds, 1, 900);
  checkRange(component, "ephemeralStorageMb", args.ephemeralStorageMb, 512, 10_240);
  checkRange(component, "reservedConcurrency", args.reservedConcurrency, 0, 1000);
  for (const [index, grant] of (args.grants ?? []).entries()) checkGrant(component, `grants[${index}]`, grant);
  checkVariableNames(component, args.environment);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  checkDurable(component, args.durable);
  checkVpc(component, args.vpc);
  checkAddress(component, args.url, args.tenantIsolation);
  checkEvents(component, args.asynchronous);
  checkRelease(component, args);
  if ((args.layers?.length ?? 0) > 5) {
    throw new InvalidArgumentError(component, "layers", args.layers!.length, "Lambda takes 5; put some together");
  }
  checkConcurrency(component, args);
}

/** Said here, where the function is made: the bundler would say it of a file that nobody named. */
function checkEntry(component: string, entry: string): void {
  if (!entry) throw new InvalidArgumentError(component, "entry", entry, "name the folder with the handler.ts");
  if (targetsNothing() || existsSync(resolve(entry, "handler.ts"))) return;
  const remedy = existsSync(resolve(entry))
    ? statSync(resolve(entry)).isFile()
      ? "name the folder, not the file in it"
      : "there is no handler.ts in it"
    : `there is no such folder in ${process.cwd()}`;
  throw new InvalidArgumentError(component, "entry", entry, remedy);
}

function checkConcurrency(component: string, args: FunctionArgs): void {
  const { provisionedConcurrency: warm, reservedConcurrency: most, tenantIsolation } = args;
  checkRange(component, "provisionedConcurrency", warm, 1, 1000);
  if (warm !== undefined && tenantIsolation) {
    const remedy = "an isolated function keeps no environments warm; leave out one of the two";
    throw new InvalidArgumentError(component, "provisionedConcurrency", warm, remedy);
  }
  if (warm !== undefined && most !== undefined && warm > most) {
    const remedy = `it is part of reservedConcurrency, ${most}; lower it`;
    throw new InvalidArgumentError(component, "provisionedConcurrency", warm, remedy);
  }
}

/** A star would grant what nobody thought of; what comes later is the policy pack's to judge. */
function checkGrant(component: string, argument: string, { actions, resources }: Grant): void {
  for (const action of actions) {
    if (/^\*$|:\*$/.test(action)) {
      throw new InvalidArgumentError(component, `${argument}.actions`, action, "name the actions that it takes");
    }
  }
  if (Array.isArray(resources) && resources.includes("*")) {
    throw new InvalidArgumentError(component, `${argument}.resources`, "*", "name the resources by their ARNs");
  }
}
