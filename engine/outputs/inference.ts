/** Bedrock's inference profiles, SageMaker's endpoints. */
import { alphanumeric, arn, physicalName, type Row, type Table } from "./row.ts";

const named =
  (kind: string): Row =>
  (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "sagemaker", `${kind}/${name.toLowerCase()}`) };
  };

export const inference: Table = {
  "aws:bedrock/inferenceProfile:InferenceProfile": (resource, context) => {
    const profile = arn(context, "bedrock", `application-inference-profile/${alphanumeric(resource, 12)}`);
    return { id: profile, arn: profile, name: physicalName(resource), status: "ACTIVE", type: "APPLICATION" };
  },
  "aws:sagemaker/model:Model": named("model"),
  "aws:sagemaker/endpointConfiguration:EndpointConfiguration": named("endpoint-config"),
  "aws:sagemaker/endpoint:Endpoint": named("endpoint"),
};
