/** AddPermission and RemovePermission of queues and topics: statements of the resource's own policy, named by a label. */
import { AwsError } from "./service.ts";

interface Document {
  Version: string;
  Id?: string;
  Statement: ({ Sid?: string } & Record<string, unknown>)[];
}

export interface Permission {
  label: string;
  accounts: string[];
  /** With the service's prefix: `SQS:SendMessage`. */
  actions: string[];
  /** ARN of the queue or topic. */
  resource: string;
}

/** @throws AwsError of `code` where the label is taken, or nobody or nothing is named */
export function withPermission(policy: string | undefined, { label, ...wanted }: Permission, code: string): string {
  const document = read(policy, wanted.resource);
  if (!/^[\w-]{1,80}$/.test(label))
    throw new AwsError(code, `Label ${label} is invalid: up to 80 letters, digits, - _`);
  if (document.Statement.some(({ Sid }) => Sid === label)) throw new AwsError(code, `Label ${label} already exists.`);
  if (wanted.accounts.length === 0 || wanted.actions.length === 0) {
    throw new AwsError(code, "At least one account and one action are needed.");
  }
  const foreign = wanted.accounts.find((account) => !/^\d{12}$/.test(account));
  if (foreign !== undefined) throw new AwsError(code, `${foreign} is not an account's id.`);
  document.Statement.push({
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: wanted.accounts.map((account) => `arn:aws:iam::${account}:root`) },
    Action: wanted.actions,
    Resource: wanted.resource,
  });
  return JSON.stringify(document);
}

/** Undefined where no statement is left. @throws AwsError of `code` where there is none of that label */
export function withoutPermission(policy: string | undefined, label: string, code: string): string | undefined {
  const document = read(policy, "");
  const rest = document.Statement.filter(({ Sid }) => Sid !== label);
  if (rest.length === document.Statement.length) throw new AwsError(code, `Label ${label} does not exist.`);
  return rest.length === 0 ? undefined : JSON.stringify({ ...document, Statement: rest });
}

function read(policy: string | undefined, resource: string): Document {
  if (!policy) return { Version: "2012-10-17", Id: `${resource}/policy`, Statement: [] };
  const document = JSON.parse(policy) as Document;
  return { ...document, Statement: [document.Statement ?? []].flat() };
}
