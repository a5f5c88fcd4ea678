/** Makes CloudFront forget pages that have changed: invoked by a deployment once the new ones are in the bucket. */
import { CloudFrontClient, CreateInvalidationCommand } from "@aws-sdk/client-cloudfront";
import type { Context } from "aws-lambda";

export interface InvalidateRequest {
  distributionId: string;
  /** `/index.html`, or `/*`. */
  paths: string[];
  /** Of what is published; a change of it is what invokes this function. */
  version: string;
}

const client = new CloudFrontClient({});

/** @returns the invalidation's id. */
export async function handler(
  { distributionId, paths, version }: InvalidateRequest,
  { awsRequestId }: Pick<Context, "awsRequestId">,
  send: Pick<CloudFrontClient, "send"> = client,
): Promise<{ invalidationId: string }> {
  // The version alone would not do: CloudFront does nothing for a reference it knows, such as that of a release come back.
  const { Invalidation } = await send.send(
    new CreateInvalidationCommand({
      DistributionId: distributionId,
      InvalidationBatch: {
        CallerReference: `${version}-${awsRequestId}`,
        Paths: { Quantity: paths.length, Items: paths },
      },
    }),
  );
  if (!Invalidation?.Id) throw new Error(`CloudFront answered without an invalidation for ${distributionId}`);
  return { invalidationId: Invalidation.Id };
}
