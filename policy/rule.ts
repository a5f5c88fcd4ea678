/** What a rule is, and how a stack is judged by rules: on a deployment graph in tests, on Pulumi's own resources in a preview. */

// biome-ignore lint/suspicious/noExplicitAny: properties are whatever the resource's type has
export type Properties = Record<string, any>;

/** What only a deployment will know, in a preview of one. It counts as given: a rule judges it when it is there. */
export const UNKNOWN = Object.freeze({ $unknown: true });

/** A resource as rules see it; every custom resource of the engine's graph is one. */
export interface Subject {
  urn: string;
  type: string;
  name: string;
  /** What the program asked for, and where known what the provider made of it. */
  properties: Properties;
  /** Names of properties that are secret. */
  secrets: readonly string[];
  /** Pulumi's own lock on deletion. */
  protect: boolean;
}

export interface Stack {
  all: readonly Subject[];
  ofType(type: string): readonly Subject[];
  /** The resource whose `arn`, `id`, `name` or `url` is this value. */
  find(type: string, value: unknown): Subject | undefined;
}

export interface Rule {
  /** Kebab-case; the file is named like it. */
  name: string;
  /** What holds where the rule is kept. */
  description: string;
  /** What to do about a violation, in words. */
  remedy: string;
  /** A mandatory rule stops a deployment. */
  level: "mandatory" | "advisory";
  /** Types it looks at, or every type. */
  types?: readonly string[];
  /** One sentence for each thing that is wrong with the resource. */
  check(subject: Subject, stack: Stack): Iterable<string>;
}

export interface Violation {
  rule: string;
  level: Rule["level"];
  urn: string;
  type: string;
  name: string;
  message: string;
  remedy: string;
}

export function judge(subjects: readonly Subject[], rules: readonly Rule[]): Violation[] {
  const stack = stackOf(subjects);
  return rules.flatMap((rule) =>
    (rule.types ? rule.types.flatMap(stack.ofType) : subjects).flatMap((subject) =>
      [...rule.check(subject, stack)].map((message) => ({
        rule: rule.name,
        level: rule.level,
        urn: subject.urn,
        type: subject.type,
        name: subject.name,
        message,
        remedy: rule.remedy,
      })),
    ),
  );
}

const IDENTITIES = ["arn", "id", "name", "url", "bucket"] as const;

export function stackOf(all: readonly Subject[]): Stack {
  const byType = new Map<string, Subject[]>();
  const known = new Map<string, Subject>();
  for (const subject of all) {
    const same = byType.get(subject.type);
    if (same) same.push(subject);
    else byType.set(subject.type, [subject]);
    for (const identity of IDENTITIES) {
      const value = subject.properties[identity];
      if (typeof value === "string") known.set(`${subject.type} ${value}`, subject);
    }
  }
  return {
    all,
    ofType: (type) => byType.get(type) ?? [],
    find: (type, value) => known.get(`${type} ${value}`),
  };
}

/** The shape of a resource in the engine's graph, as far as rules need it. */
export interface GraphResource {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  id?: string;
  inputs: Properties;
  outputs: Properties;
  secrets: readonly string[];
  options: { protect?: boolean };
}

export function subjectsOf(resources: readonly GraphResource[]): Subject[] {
  return resources
    .filter(({ custom, type }) => custom && type.startsWith("aws:"))
    .map(({ urn, type, name, id, inputs, outputs, secrets, options }) => ({
      urn,
      type,
      name,
      properties: { ...(id === undefined ? {} : { id }), ...outputs, ...inputs },
      secrets,
      protect: options.protect === true,
    }));
}

/** Production is what the tags say: every component tags what it makes. */
export function isProduction({ properties }: Subject): boolean {
  return /^prod/.test(String(properties.tags?.Environment ?? properties.tagsAll?.Environment ?? ""));
}
