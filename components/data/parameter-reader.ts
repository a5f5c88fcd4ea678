/**
 * What a function reads of `Parameters` when it runs. All of a path comes with one call and is kept for a minute, whoever asks and
 * however often: a rotated value is in use a minute later without a deployment, and hundreds of functions ask SSM little.
 *
 * ```ts
 * import { parameterReader } from "terrace/parameters";
 * import { link } from "./link.ts";
 *
 * const settings = parameterReader(link.settings.path);
 * const topicArn = await settings.value("topicArn");
 * const password = await settings.secret("database");
 * ```
 */
export interface ParameterReader {
  /** @throws Error where the path has no such parameter */
  value(name: string): Promise<string>;
  /** The value of the secret whose ARN the parameter is. @throws Error where there is no such parameter, or it names no secret */
  secret(name: string): Promise<string>;
}

export interface ParameterReaderOptions {
  /** Seconds that values are kept. @default 60 */
  keepSeconds?: number;
  /** Where values come from. @default SSM and Secrets Manager */
  source?: ParameterSource;
  /** Milliseconds. @default Date.now */
  now?: () => number;
}

export interface ParameterSource {
  /** Every parameter below a path, by full name, decrypted. */
  parameters(path: string): Promise<Record<string, string>>;
  secret(arn: string): Promise<string>;
}

/** @param path the `path` of the `Parameters`: `"/shop/dev"` */
export function parameterReader(path: string, options: ParameterReaderOptions = {}): ParameterReader {
  const { keepSeconds = 60, source = aws(), now = Date.now } = options;
  const keepMs = keepSeconds * 1000;
  const all = kept(() => source.parameters(path), keepMs, now);
  const secrets = new Map<string, () => Promise<string>>();
  const value = async (name: string): Promise<string> => {
    const found = (await all())[`${path}/${name}`];
    if (found === undefined)
      throw new Error(`There is no parameter ${path}/${name}: add it to the Parameters, and deploy`);
    return found;
  };
  return {
    value,
    async secret(name) {
      const arn = await value(name);
      if (!/^arn:[\w-]+:secretsmanager:/.test(arn)) {
        throw new Error(
          `The parameter ${path}/${name} names no secret: declare it among the secrets of the Parameters`,
        );
      }
      if (!secrets.has(arn))
        secrets.set(
          arn,
          kept(() => source.secret(arn), keepMs, now),
        );
      return await secrets.get(arn)!();
    },
  };
}

/** One question for all who ask at once; an answer that is too old is still better than none, where there is none to be had. */
function kept<T>(ask: () => Promise<T>, keepMs: number, now: () => number): () => Promise<T> {
  let answer: { value: T; until: number } | undefined;
  let asking: Promise<T> | undefined;
  const renew = async (): Promise<T> => {
    try {
      const value = await ask();
      answer = { value, until: now() + keepMs };
      return value;
    } catch (error) {
      if (!answer) throw error;
      answer.until = now() + keepMs;
      return answer.value;
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    if (answer && answer.until > now()) return answer.value;
    asking ??= renew();
    return await asking;
  };
}

/** Clients are loaded with the first question: what asks nothing starts without them. */
const aws = (): ParameterSource => ({
  async parameters(Path) {
    const { paginateGetParametersByPath, SSMClient } = await import("@aws-sdk/client-ssm");
    const found: Record<string, string> = {};
    const pages = paginateGetParametersByPath(
      { client: new SSMClient({}) },
      { Path, Recursive: true, WithDecryption: true },
    );
    for await (const { Parameters = [] } of pages) {
      for (const { Name, Value } of Parameters) if (Name && Value !== undefined) found[Name] = Value;
    }
    return found;
  },
  async secret(SecretId) {
    const { GetSecretValueCommand, SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
    const { SecretString } = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId }));
    if (SecretString === undefined) throw new Error(`The secret ${SecretId} is no text`);
    return SecretString;
  },
});
