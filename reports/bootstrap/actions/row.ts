/** What Pulumi's AWS provider asks of IAM for resources of some types. */
export interface ActionRow {
  /** Pulumi types, whole or by how they begin (`aws:sqs/`). */
  types: readonly string[];
  /** The prefix of the actions, as IAM names the service. */
  service: string;
  /** ARNs. `{name}` stands for the names that the graph gives to resources of these types; region and account are CloudFormation's. */
  on: readonly string[];
  /** Names of actions, separated by spaces: what a refresh and a preview ask. */
  read: string;
  /** What creating, changing and deleting ask. */
  write: string;
  /** Those of the above that AWS authorizes for no single resource; they stand on `*`, for the stack's region only. */
  anywhere?: string;
}

/** `arn:aws:<service>:<region>:<account>:` in CloudFormation's words. */
export const regional = (service: string, ...paths: string[]): string[] =>
  paths.map((path) => `arn:\${AWS::Partition}:${service}:{region}:\${AWS::AccountId}:${path}`);

/** Of services that have no region in their ARNs. */
export const global = (service: string, ...paths: string[]): string[] =>
  paths.map((path) => `arn:\${AWS::Partition}:${service}::\${AWS::AccountId}:${path}`);
