/** Storage classes: kept and shown; what is archived is restored before it is read, at once on this machine. */
import { AwsError, type Operation } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";
import { existing } from "./object-description.ts";

const CLASSES = [
  ...["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"],
  ...["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
];
const ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"];

/** Absent for the standard one. @throws AwsError InvalidStorageClass */
export function storageClassOf({ StorageClass: given }: Record<string, unknown>): string | undefined {
  if (given === undefined || given === "STANDARD") return undefined;
  if (CLASSES.includes(String(given))) return String(given);
  throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", 400);
}

/** @throws AwsError InvalidObjectState for what is in an archive */
export function checkReadable({ storageClass, restoredUntil = 0 }: ObjectVersion, nowMs: number): void {
  if (!storageClass || !ARCHIVES.includes(storageClass) || restoredUntil > nowMs) return;
  const message = "The operation is not valid for the object's storage class";
  throw new AwsError("InvalidObjectState", message, 403, { StorageClass: storageClass });
}

export function toldClass({ storageClass, restoredUntil = 0 }: ObjectVersion, nowMs: number) {
  const Restore = `ongoing-request="false", expiry-date="${new Date(restoredUntil).toUTCString()}"`;
  return { StorageClass: storageClass, ...(restoredUntil > nowMs && { Restore }) };
}

export function restoreOperation(s3: S3): Record<string, Operation> {
  const { cloud, onObject, store } = s3;
  return {
    RestoreObject: {
      authorize: onObject("RestoreObject"),
      run(input) {
        const version = existing(s3, input);
        const days = Number(input.RestoreRequest?.Days);
        if (!ARCHIVES.includes(version.storageClass ?? "")) {
          const message = "Restore is not allowed for the object's current storage class";
          throw new AwsError("InvalidObjectState", message, 403, { StorageClass: version.storageClass ?? "STANDARD" });
        }
        if (!(days >= 1)) throw new AwsError("MalformedXML", "Days is a number from 1 on.", 400);
        const now = cloud.clock.now();
        const isThere = (version.restoredUntil ?? 0) > now;
        store.update({ ...version, restoredUntil: now + days * 86_400_000 });
        // 202 for one that begins, 200 for one that is only made longer.
        return { $status: isThere ? 200 : 202 };
      },
    },
  };
}
