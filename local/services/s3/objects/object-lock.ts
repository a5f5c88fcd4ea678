/**
 * Object lock: versions that nobody deletes before their time (governance, but for who may bypass it; compliance, nobody), or
 * while a legal hold is on them. An overwrite or a delete marker is always possible: it makes another version.
 */
import { type Access, AwsError, type Call, type Operation } from "../../../service.ts";
import type { Bucket } from "../buckets/buckets.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";
import { existing, type ObjectInput } from "./object-description.ts";

export interface LockConfiguration {
  /** Of new versions that come without a retention of their own. */
  byDefault?: { mode: RetentionMode; days?: number; years?: number };
}

export type RetentionMode = "GOVERNANCE" | "COMPLIANCE";

export interface ObjectLock {
  mode?: RetentionMode;
  /** ms since the epoch */
  until?: number;
  isHeld?: boolean;
}

type Input = ObjectInput & Record<string, unknown>;

const DAY_MS = 86_400_000;
const malformed = () =>
  new AwsError(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
    400,
  );

/** What a write asks for, or the bucket's default. @throws AwsError InvalidArgument or InvalidRequest */
export function lockOfWrite(bucket: Bucket, input: Record<string, unknown>, nowMs: number): ObjectLock | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: date, ObjectLockLegalHoldStatus: hold } = input;
  const isAsked = mode !== undefined || date !== undefined || hold !== undefined;
  if (!isAsked) return defaultLock(bucket, nowMs);
  checkLockable(bucket);
  if ((mode === undefined) !== (date === undefined)) {
    const message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    throw new AwsError("InvalidArgument", message, 400);
  }
  const isHeld = hold === "ON" ? { isHeld: true } : {};
  if (mode === undefined) return { ...defaultLock(bucket, nowMs), ...isHeld };
  return { ...retentionOf(mode, date, nowMs), ...isHeld };
}

function defaultLock({ objectLock }: Bucket, nowMs: number): ObjectLock | undefined {
  const { mode, days = 0, years = 0 } = objectLock?.byDefault ?? {};
  return mode && { mode, until: nowMs + (days + years * 365) * DAY_MS };
}

function retentionOf(mode: unknown, date: unknown, nowMs: number): ObjectLock {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") {
    throw new AwsError("InvalidArgument", "Unknown wormMode directive.", 400);
  }
  const until = new Date(date as Date).getTime();
  if (!(until > nowMs)) throw new AwsError("InvalidArgument", "The retain until date must be in the future!", 400);
  return { mode, until };
}

function checkLockable({ objectLock }: Bucket): void {
  if (!objectLock) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400);
}

export function toldLock(lock: ObjectLock | undefined) {
  if (!lock) return {};
  return {
    ...(lock.mode && { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(lock.until!) }),
    ...(lock.isHeld !== undefined && { ObjectLockLegalHoldStatus: lock.isHeld ? "ON" : "OFF" }),
  };
}

/** What a write with a lock of its own has to be allowed besides, and the keys that policies may judge it by. */
export function lockAccesses({ onObject, cloud }: S3, input: Input, call: Call): Access[] {
  const found: Access[] = [];
  if (input.ObjectLockMode !== undefined) {
    const keys = lockKeys(input.ObjectLockMode, input.ObjectLockRetainUntilDate, cloud.clock.now());
    found.push(onObject("PutObjectRetention", keys)(input, call));
  }
  if (input.ObjectLockLegalHoldStatus !== undefined) {
    found.push(
      onObject("PutObjectLegalHold", { "s3:object-lock-legal-hold": String(input.ObjectLockLegalHoldStatus) })(
        input,
        call,
      ),
    );
  }
  return found;
}

function lockKeys(mode: unknown, date: unknown, nowMs: number): Record<string, string> {
  const until = new Date(date as Date);
  if (Number.isNaN(until.getTime())) return { "s3:object-lock-mode": String(mode) };
  const days = Math.ceil((until.getTime() - nowMs) / DAY_MS);
  return {
    "s3:object-lock-mode": String(mode),
    "s3:object-lock-retain-until-date": until.toISOString(),
    "s3:object-lock-remaining-retention-days": String(days),
  };
}

const isRetained = ({ lock }: ObjectVersion, nowMs: number) => lock?.until !== undefined && lock.until > nowMs;

export const isLocked = (version: ObjectVersion, nowMs: number): boolean =>
  version.lock?.isHeld === true || isRetained(version, nowMs);

/** @throws AwsError AccessDenied for a version that may not go */
export function checkUnlocked({ cloud, onObject }: S3, version: ObjectVersion, bypass: boolean, call: Call): void {
  if (!isLocked(version, cloud.clock.now())) return;
  if (!version.lock?.isHeld && version.lock?.mode === "GOVERNANCE" && bypass) {
    const { bucket: Bucket, key: Key } = version;
    cloud.authorize(call, onObject("BypassGovernanceRetention")({ Bucket, Key }, call));
    return;
  }
  throw new AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403);
}

/** Of PutObjectLockConfiguration. @throws AwsError */
export function lockConfiguration(bucket: Pick<Bucket, "versioning">, given: unknown): LockConfiguration {
  if (bucket.versioning !== "Enabled") {
    const message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    throw new AwsError("InvalidBucketState", message, 409);
  }
  const { ObjectLockEnabled, Rule } = (given ?? {}) as {
    ObjectLockEnabled?: string;
    Rule?: { DefaultRetention?: Record<string, unknown> };
  };
  if (ObjectLockEnabled !== "Enabled") throw malformed();
  const { Mode, Days, Years } = Rule?.DefaultRetention ?? {};
  if (!Rule) return {};
  const isPeriod = (Days === undefined) !== (Years === undefined);
  if ((Mode !== "GOVERNANCE" && Mode !== "COMPLIANCE") || !isPeriod) throw malformed();
  const period = Number(Days ?? Years);
  if (!(period >= 1)) {
    throw new AwsError("InvalidArgument", "Default retention period must be a positive integer value.", 400);
  }
  return { byDefault: { mode: Mode, ...(Days === undefined ? { years: period } : { days: period }) } };
}

export function objectLockOperations(s3: S3): Record<string, Operation> {
  const { buckets, cloud, onBucket, onObject, store } = s3;
  const none = () =>
    new AwsError("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404);

  function lockable(input: Input): ObjectVersion {
    checkLockable(buckets.find(input.Bucket));
    return existing(s3, input);
  }

  return {
    GetObjectLockConfiguration: {
      authorize: onBucket("GetBucketObjectLockConfiguration"),
      run({ Bucket }) {
        const { objectLock } = buckets.find(Bucket);
        if (!objectLock) {
          const message = "Object Lock configuration does not exist for this bucket";
          throw new AwsError("ObjectLockConfigurationNotFoundError", message, 404);
        }
        const { mode, days, years } = objectLock.byDefault ?? {};
        const Rule = mode && { DefaultRetention: { Mode: mode, Days: days, Years: years } };
        return { ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule } };
      },
    },
    PutObjectLockConfiguration: {
      authorize: onBucket("PutBucketObjectLockConfiguration"),
      run({ Bucket, ObjectLockConfiguration }) {
        const bucket = buckets.find(Bucket);
        bucket.objectLock = lockConfiguration(bucket, ObjectLockConfiguration);
        buckets.changed(bucket);
        return {};
      },
    },
    GetObjectRetention: {
      authorize: onObject("GetObjectRetention"),
      run(input) {
        const { lock } = lockable(input);
        if (!lock?.mode) throw none();
        return { Retention: { Mode: lock.mode, RetainUntilDate: new Date(lock.until!) } };
      },
    },
    PutObjectRetention: {
      authorize(input, call) {
        const { Mode, RetainUntilDate } = input.Retention ?? {};
        return onObject("PutObjectRetention", lockKeys(Mode, RetainUntilDate, cloud.clock.now()))(input, call);
      },
      run(input, call) {
        const version = lockable(input);
        const { Mode, RetainUntilDate } = input.Retention ?? {};
        const isTakenAway = Mode === undefined && RetainUntilDate === undefined;
        if (!isTakenAway && (Mode === undefined || RetainUntilDate === undefined)) throw malformed();
        const { isHeld } = version.lock ?? {};
        const next = isTakenAway ? {} : retentionOf(Mode, RetainUntilDate, cloud.clock.now());
        checkRetentionChange(s3, version, next, input, call);
        store.update({ ...version, lock: { ...next, ...(isHeld !== undefined && { isHeld }) } });
        return {};
      },
    },
    GetObjectLegalHold: {
      authorize: onObject("GetObjectLegalHold"),
      run(input) {
        const { lock } = lockable(input);
        if (lock?.isHeld === undefined) throw none();
        return { LegalHold: { Status: lock.isHeld ? "ON" : "OFF" } };
      },
    },
    PutObjectLegalHold: {
      authorize: onObject("PutObjectLegalHold"),
      run(input) {
        const version = lockable(input);
        const { Status } = input.LegalHold ?? {};
        if (Status !== "ON" && Status !== "OFF") throw malformed();
        store.update({ ...version, lock: { ...version.lock, isHeld: Status === "ON" } });
        return {};
      },
    },
  };
}

/** Longer is always possible; shorter or none only where it is bypassed, which compliance never is. */
function checkRetentionChange(
  { cloud, onObject }: S3,
  version: ObjectVersion,
  next: ObjectLock,
  input: Input,
  call: Call,
): void {
  const { mode, until = 0 } = version.lock ?? {};
  if (!isRetained(version, cloud.clock.now())) return;
  const isStricter = (next.until ?? 0) >= until && (next.mode === mode || next.mode === "COMPLIANCE");
  if (isStricter) return;
  if (mode === "GOVERNANCE" && input.BypassGovernanceRetention === true) {
    cloud.authorize(call, onObject("BypassGovernanceRetention")(input, call));
    return;
  }
  throw new AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403);
}
