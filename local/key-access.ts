/**
 * How services that keep one data key for many messages or items ask KMS about a customer's key: in their caller's name, and
 * not again for a while after it was allowed. What they keep is not encrypted here: who may not use the key is not answered.
 */
import { customerKeys, declaring, isUnusable } from "./customer-keys.ts";
import { AwsError, type Call, type Cloud, type Operation } from "./service.ts";

type Context = Record<string, string>;

export interface KeyAccess {
  /**
   * Nothing to wait for under AWS's own key, or where the caller was allowed lately.
   * @returns a promise that rejects unless the caller may make data keys with the key and open them
   */
  write(keyId: string | undefined, context: Context, call: Call): Promise<void> | undefined;
  /** The same for who only opens. */
  read(keyId: string | undefined, context: Context, call: Call): Promise<void> | undefined;
}

export interface KeyAccessOptions {
  /** The first label of the service's host name. */
  service: string;
  /** How long an answer of KMS is good for. @default 300 */
  reuseSeconds?: number;
  /** How the service words KMS's refusals: `KMSAccessDeniedException`, `KmsAccessDenied`. @default as KMS does */
  errors?: (refusal: string) => string;
}

export function keyAccess(cloud: Cloud, { service, reuseSeconds = 300, errors }: KeyAccessOptions): KeyAccess {
  const keys = customerKeys(cloud, service);
  /** Until when who may do what, in ms since the epoch. */
  const allowed = new Map<string, number>();
  /** What a reader has to open, by key and context. */
  const dataKeys = new Map<string, string>();

  function ask(
    kind: string,
    keyId: string | undefined,
    context: Context,
    call: Call,
    work: (id: string) => Promise<void>,
  ) {
    if (!keys.asked(keyId)) return undefined;
    const { accessKeyId, arn, tags } = call.principal;
    const who = `${kind} ${accessKeyId ?? `${arn} ${JSON.stringify(tags ?? {})}`} ${keyId} ${JSON.stringify(context)}`;
    const now = cloud.clock.now();
    if ((allowed.get(who) ?? 0) > now) return undefined;
    return work(keyId).then(
      () => {
        if (allowed.size > 5000) allowed.clear();
        allowed.set(who, now + reuseSeconds * 1000);
      },
      (error: unknown) => {
        if (!errors || !(error instanceof AwsError)) throw error;
        const { code, message } = error;
        throw isUnusable(error) || code === "AccessDeniedException"
          ? new AwsError(errors(refusalOf(code)), message)
          : error;
      },
    );
  }

  async function open(keyId: string, context: Context, call: Call): Promise<void> {
    const place = `${keyId} ${JSON.stringify(context)}`;
    const dataKey = dataKeys.get(place) ?? (await keys.dataKey(keyId, context, declaring(cloud)));
    dataKeys.set(place, dataKey);
    await keys.unlock(dataKey, context, call);
  }

  return {
    read: (keyId, context, call) => ask("read", keyId, context, call, (id) => open(id, context, call)),
    write: (keyId, context, call) =>
      ask("write", keyId, context, call, async (id) => {
        await keys.unlock(await keys.dataKey(id, context, call), context, call);
      }),
  };
}

/** `AccessDenied`, `Disabled`, `NotFound`, `InvalidState`, `InvalidKeyUsage` */
const refusalOf = (code: string): string => code.replace(/^KMS/, "").replace(/Exception$/, "");

/** The operation, after KMS was asked. */
export function afterKms(
  operation: Operation,
  ask: (input: never, call: Call) => Promise<void> | undefined,
): Operation {
  return {
    ...operation,
    run(input, call) {
      const asking = ask(input as never, call);
      return asking ? asking.then(() => operation.run(input, call)) : operation.run(input, call);
    },
  };
}
