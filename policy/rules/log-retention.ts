import { type Rule, UNKNOWN } from "../rule.ts";

const FUNCTION = "aws:lambda/function:Function";
const GROUP = "aws:cloudwatch/logGroup:LogGroup";

export const logRetention: Rule = {
  name: "log-retention",
  description: "Logs end some day: every log group has a retention, and every function a group of its own.",
  remedy: "Set retentionInDays; give the function a log group instead of the one that Lambda would make.",
  level: "mandatory",
  types: [FUNCTION, GROUP],
  *check({ type, properties }, stack) {
    if (type === GROUP) {
      if (!(properties.retentionInDays > 0)) yield "retentionInDays is not set: logs would be kept, and paid, for ever";
      return;
    }
    if ([properties.name, properties.loggingConfig?.logGroup].includes(UNKNOWN)) return;
    const group = properties.loggingConfig?.logGroup ?? `/aws/lambda/${properties.name}`;
    if (properties.name !== undefined && !stack.find(GROUP, group)) yield `its log group ${group} is not in the stack`;
  },
};
