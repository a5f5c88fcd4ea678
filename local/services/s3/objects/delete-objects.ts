/** Objects and versions that go, one by one or many in a call. */
import { AwsError, type Call, type Operation } from "../../../service.ts";
import type { S3 } from "../index.ts";
import { checkWriteConditions } from "./conditions.ts";
import { onVersion } from "./object-accesses.ts";
import type { ObjectInput } from "./object-description.ts";
import { checkUnlocked } from "./object-lock.ts";

type RemoveInput = ObjectInput & { BypassGovernanceRetention?: boolean };

interface DeleteManyInput {
  Bucket: string;
  Delete: DeleteInput;
  BypassGovernanceRetention?: boolean;
}

interface DeleteInput {
  Objects?: { Key: string; VersionId?: string }[];
  Quiet?: boolean;
}

export function deleteOperations(s3: S3): Record<string, Operation> {
  const { buckets, cloud, store } = s3;

  async function remove(input: RemoveInput, call: Call): Promise<{ VersionId?: string; DeleteMarker?: boolean }> {
    const { Bucket, Key, VersionId } = input;
    const bucket = buckets.find(Bucket);
    if (VersionId) {
      if (!/^[\w.-]+$/.test(VersionId)) throw new AwsError("InvalidArgument", "Invalid version id specified", 400);
      const version = store.version(Bucket, Key, VersionId);
      if (version) {
        checkUnlocked(s3, version, input.BypassGovernanceRetention === true, call);
        store.removeVersion(version);
        await s3.announce("ObjectRemoved:Delete", version, call);
      }
      return { VersionId, DeleteMarker: version?.isDeleteMarker || undefined };
    }
    if (bucket.versioning) {
      // Suspended: the marker takes the place of the version without an id.
      const nothing = { etag: "", headers: {}, metadata: {}, tags: {}, checksums: {}, modified: cloud.clock.now() };
      const marker = store.put(
        { bucket: Bucket, key: Key, isDeleteMarker: true, ...nothing },
        undefined,
        bucket.versioning === "Enabled",
      );
      await s3.announce("ObjectRemoved:DeleteMarkerCreated", marker, call);
      return { DeleteMarker: true, VersionId: marker.versionId };
    }
    const latest = store.latest(Bucket, Key);
    if (latest) {
      store.removeVersion(latest);
      await s3.announce("ObjectRemoved:Delete", latest, call);
    }
    return {};
  }

  async function removeMany({ Bucket, Delete, BypassGovernanceRetention }: DeleteManyInput, call: Call) {
    buckets.find(Bucket);
    const { Objects = [], Quiet } = Delete ?? {};
    if (Objects.length === 0 || Objects.length > 1000) {
      throw new AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        400,
      );
    }
    const Deleted: object[] = [];
    const Errors: object[] = [];
    for (const { Key, VersionId } of Objects) {
      const input = { Bucket, Key, VersionId, BypassGovernanceRetention };
      try {
        cloud.authorize(call, onVersion(s3, "DeleteObject")(input, call));
        const { DeleteMarker, VersionId: marker } = await remove(input, call);
        Deleted.push({ Key, VersionId, DeleteMarker, DeleteMarkerVersionId: DeleteMarker ? marker : undefined });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({
          Key,
          VersionId,
          Code: error.code.replace(/^AccessDeniedException$/, "AccessDenied"),
          Message: error.message,
        });
      }
    }
    return { Deleted: Quiet ? [] : Deleted, Errors: Errors.length > 0 ? Errors : undefined };
  }

  return {
    DeleteObject: {
      authorize: onVersion(s3, "DeleteObject"),
      run(input, call) {
        if (input.IfMatch) checkWriteConditions(store.latest(input.Bucket, input.Key), input);
        return remove(input, call);
      },
    },
    // Each key is judged on its own: what may not go is an error among the answers.
    DeleteObjects: { run: removeMany },
  };
}
