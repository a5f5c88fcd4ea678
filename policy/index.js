/**
 * The rules as a policy pack: `pulumi preview --policy-pack policy`. Rules look at a stack as a whole, because a queue's
 * dead letters or a function's log group are other resources.
 *
 * JavaScript, because Pulumi loads a pack's entry itself, and would compile a TypeScript one with ts-node, which knows neither
 * `.ts` in imports nor a compiler of our age. From here on Node runs the TypeScript.
 */
import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./pack.ts";
import { rules } from "./rules.ts";

new PolicyPack("terrace", { policies: rules.map(policyOf) });
