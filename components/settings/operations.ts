/** How a stack is watched and kept in order: logs, networks that webhooks may go to, who is told. */
import { isIP } from "node:net";
import { whyNoRetention } from "../invalid-argument.ts";
import type { Settings } from "../settings.ts";
import { type Problems, type Reader, read } from "./reader.ts";

/** 0 is for what keeps nothing by default. */
export function readRetention(top: Reader, key: string, byDefault: number, problems: Problems): number {
  const days = top.number(key, byDefault === 0 ? 0 : 1, 3653, byDefault);
  const remedy = days === 0 ? undefined : whyNoRetention(days);
  if (remedy) problems.push(`${key}: ${days} are not kept; ${remedy}`);
  return days;
}

export function readWebhookNetworks(top: Reader, problems: Problems): string[] {
  return top.list("webhookNetworks", []).map((network, index) => {
    const [address, prefix] = String(network).split("/");
    const bits = isIP(address ?? "") === 6 ? 128 : 32;
    if (!isIP(address ?? "") || !/^\d{1,3}$/.test(prefix ?? "") || Number(prefix) > bits)
      problems.push(`webhookNetworks[${index}]: ${JSON.stringify(network)} has to be a network such as 127.0.0.0/8`);
    return String(network);
  });
}

export function readInsight(top: Reader, problems: Problems): Settings["insight"] {
  const insight = read(top.object("insight"), "insight", problems, ["emails", "topicArn", "monthlyBudgetUsd"]);
  const emails = insight.list("emails", []).map((email, index) => {
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(String(email)))
      problems.push(`insight.emails[${index}]: ${JSON.stringify(email)} has to be an address`);
    return String(email);
  });
  const topicArn = insight.optionalText("topicArn");
  if (topicArn !== undefined && !/^arn:aws[a-z-]*:sns:/.test(topicArn))
    problems.push(`insight.topicArn: ${JSON.stringify(topicArn)} has to be the ARN of an SNS topic`);
  if (topicArn !== undefined && emails.length > 0)
    problems.push("insight.emails: the topic that topicArn names has its own subscribers; leave one of the two out");
  const monthlyBudgetUsd = insight.optionalNumber("monthlyBudgetUsd", 1, 1_000_000_000, 0);
  return {
    ...(emails.length > 0 ? { emails } : {}),
    ...(topicArn === undefined ? {} : { topicArn }),
    ...(monthlyBudgetUsd === undefined ? {} : { monthlyBudgetUsd }),
  };
}
