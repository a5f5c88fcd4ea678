/** What a role, a user or a group may do: inline policies and attached ones. The operations differ in a word. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { Entities } from "./entities.ts";
import { page, readDocument, validName } from "./input.ts";

/** Something that policies are put on. */
export interface Holder {
  arn: string;
  policies: Map<string, string>;
  boundaryArn?: string;
}

export interface Holders {
  kind: "Role" | "User" | "Group";
  has(name: string): boolean;
  /** Throws NoSuchEntity. */
  get(name: string): Holder;
  /** Keeps what was changed. */
  save(name: string): void;
}

/** Attached policies are known by their ARN, inline ones by a name. */
const isAttached = (name: string): boolean => name.startsWith("arn:");
const MOST_ATTACHED = 10;

export function holderPolicyOperations(
  { account }: Cloud,
  entities: Entities,
  { kind, has, get, save }: Holders,
): Record<string, Operation> {
  const nameIn = (input: Record<string, string>): string => input[`${kind}Name`]!;
  const notFound = (name: string) => `The ${kind.toLowerCase()} policy with name ${name} cannot be found.`;
  const on = (action: string): NonNullable<Operation["authorize"]> => {
    return (input) => {
      const name = nameIn(input);
      const known = has(name) ? get(name) : undefined;
      return {
        action: `iam:${action}`,
        resource: known?.arn ?? `arn:aws:iam::${account}:${kind.toLowerCase()}/${name}`,
        context: {
          ...(input.PolicyArn ? { "iam:PolicyARN": input.PolicyArn } : {}),
          ...(known?.boundaryArn ? { "iam:PermissionsBoundary": known.boundaryArn } : {}),
        },
      };
    };
  };
  const operation = (action: string, run: (input: never, holder: Holder) => object): [string, Operation] => [
    action,
    { authorize: on(action), run: (input) => run(input as never, get(nameIn(input))) },
  ];
  const changing = (action: string, change: (input: never, holder: Holder) => void): [string, Operation] =>
    operation(action, (input, holder) => {
      change(input, holder);
      save(nameIn(input));
      return {};
    });

  return Object.fromEntries([
    changing(`Put${kind}Policy`, ({ PolicyName, PolicyDocument }: Inline, { policies }) => {
      validName("policyName", PolicyName, 128);
      policies.set(PolicyName, readDocument(PolicyDocument, "identity"));
    }),
    operation(`Get${kind}Policy`, (input: Inline, { policies }) => {
      const document = policies.get(input.PolicyName);
      if (!document) throw new AwsError("NoSuchEntity", notFound(input.PolicyName), 404);
      return {
        [`${kind}Name`]: nameIn(input as never),
        PolicyName: input.PolicyName,
        PolicyDocument: encodeURIComponent(document),
      };
    }),
    changing(`Delete${kind}Policy`, ({ PolicyName }: Inline, { policies }) => {
      if (!policies.delete(PolicyName)) throw new AwsError("NoSuchEntity", notFound(PolicyName), 404);
    }),
    operation(`List${kind}Policies`, ({ Marker, MaxItems }: Paged, { policies }) =>
      page(
        "PolicyNames",
        [...policies.keys()].filter((name) => !isAttached(name)),
        Marker,
        MaxItems,
      ),
    ),
    changing(`Attach${kind}Policy`, ({ PolicyArn }: Attached, { policies }) => {
      const document = entities.document(PolicyArn);
      if (!policies.has(PolicyArn) && [...policies.keys()].filter(isAttached).length >= MOST_ATTACHED) {
        throw new AwsError("LimitExceeded", `Cannot exceed quota for PoliciesPer${kind}: ${MOST_ATTACHED}`, 409);
      }
      policies.set(PolicyArn, document);
    }),
    changing(`Detach${kind}Policy`, ({ PolicyArn }: Attached, { policies }) => {
      if (!policies.delete(PolicyArn)) throw new AwsError("NoSuchEntity", `Policy ${PolicyArn} was not found.`, 404);
    }),
    operation(`ListAttached${kind}Policies`, ({ Marker, MaxItems, PathPrefix = "/" }: Paged, { policies }) => {
      const attached = [...policies.keys()]
        .filter((name) => isAttached(name) && name.slice(name.indexOf(":policy/") + 7).startsWith(PathPrefix))
        .map((arn) => ({ PolicyName: arn.split("/").at(-1), PolicyArn: arn }));
      return page("AttachedPolicies", attached, Marker, MaxItems);
    }),
  ]);
}

interface Inline {
  PolicyName: string;
  PolicyDocument: string;
}

interface Attached {
  PolicyArn: string;
}

interface Paged {
  Marker?: string;
  MaxItems?: number;
  PathPrefix?: string;
}
