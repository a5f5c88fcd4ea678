/** What a parameter was before, and the labels that its versions carry. */
import { type Access, AwsError, type Call, type Operation } from "../../service.ts";
import { page } from "./listing.ts";
import { parseName } from "./names.ts";
import { shownPolicies } from "./policies.ts";
import type { Parameter, ParameterStore } from "./store.ts";

const MOST_LABELS = 10;

interface LabelInput {
  Name: string;
  ParameterVersion?: number;
  Labels: string[];
}

export interface VersionDoors {
  store: ParameterStore;
  access(action: string, name: string): Access;
  /** The value as this caller may see it. */
  value(parameter: Parameter, call: Call, withDecryption?: boolean): Promise<string>;
}

export function versionOperations({ store, access, value }: VersionDoors): Record<string, Operation> {
  const onName = (action: string) => (input: { Name: string }) => access(action, input.Name);

  function versionsOf(text: string): Parameter[] {
    const { name } = parseName(text);
    const versions = store.versions(name);
    if (versions.length === 0) throw new AwsError("ParameterNotFound", `The parameter ${name} does not exist.`);
    return versions;
  }

  function version(versions: Parameter[], wanted?: number): Parameter {
    const found = wanted === undefined ? versions.at(-1) : versions.find((each) => each.version === wanted);
    if (found) return found;
    throw new AwsError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${wanted} of ${versions[0]!.name}. Verify the version and try again.`,
    );
  }

  return {
    GetParameterHistory: {
      authorize: onName("GetParameterHistory"),
      async run(input: { Name: string; WithDecryption?: boolean; MaxResults?: number; NextToken?: string }, call) {
        const { items, NextToken } = page(versionsOf(input.Name), input, 50);
        const Parameters = items.map(async (parameter) => ({
          Name: parameter.name,
          Type: parameter.type,
          KeyId: parameter.keyId,
          LastModifiedDate: new Date(parameter.modifiedAt),
          LastModifiedUser: parameter.modifiedBy,
          Description: parameter.description,
          Value: await value(parameter, call, input.WithDecryption),
          AllowedPattern: parameter.allowedPattern,
          Version: parameter.version,
          Labels: parameter.labels ?? [],
          Tier: parameter.tier,
          DataType: parameter.dataType,
          Policies: shownPolicies(parameter.policies),
        }));
        return { Parameters: await Promise.all(Parameters), NextToken };
      },
    },
    LabelParameterVersion: {
      authorize: onName("LabelParameterVersion"),
      run({ Name, ParameterVersion, Labels }: LabelInput) {
        const versions = versionsOf(Name);
        const target = version(versions, ParameterVersion);
        const valid = Labels.filter(isLabel);
        const labels = [...new Set([...(target.labels ?? []), ...valid])];
        if (labels.length > MOST_LABELS) {
          throw new AwsError(
            "ParameterVersionLabelLimitExceeded",
            `A parameter version can have a maximum of ${MOST_LABELS} labels.`,
          );
        }
        // A label is on one version at a time.
        for (const other of versions) {
          const left = (other.labels ?? []).filter((label) => !valid.includes(label));
          if (other !== target && left.length < (other.labels?.length ?? 0)) {
            store.saveVersion({ ...other, labels: left });
          }
        }
        store.saveVersion({ ...target, labels });
        return { InvalidLabels: Labels.filter((label) => !isLabel(label)), ParameterVersion: target.version };
      },
    },
    UnlabelParameterVersion: {
      authorize: onName("UnlabelParameterVersion"),
      run({ Name, ParameterVersion, Labels }: LabelInput) {
        const target = version(versionsOf(Name), ParameterVersion);
        const has = (label: string) => target.labels?.includes(label) ?? false;
        store.saveVersion({ ...target, labels: target.labels?.filter((label) => !Labels.includes(label)) });
        return { RemovedLabels: Labels.filter(has), InvalidLabels: Labels.filter((label) => !has(label)) };
      },
    },
  };
}

function isLabel(label: string): boolean {
  return /^[A-Za-z_.-][A-Za-z0-9_.-]{0,99}$/.test(label) && !/^(aws|ssm)/i.test(label);
}
