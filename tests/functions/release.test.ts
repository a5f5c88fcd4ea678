import { DeploymentLimitExceededException } from "@aws-sdk/client-codedeploy";
import { handler } from "../../functions/release/handler.ts";

const request = {
  ...{ application: "shop-release", deploymentGroup: "prod-shop", functionName: "shop" },
  ...{ alias: "live", version: "42" },
};
function clients(current: string, deployment: () => object) {
  const asked: { revision?: { appSpecContent: { content: string } } }[] = [];
  return {
    asked,
    lambda: { send: async () => ({ FunctionVersion: current }) },
    codeDeploy: {
      send: async ({ input }: { input: object }) => {
        asked.push(input);
        return deployment();
      },
    },
  };
}
const release = (made: ReturnType<typeof clients>) => handler(request, undefined, made as never);

it("asks CodeDeploy to move the alias from the version that it has to the new one", async () => {
  const made = clients("41", () => ({ deploymentId: "d-1" }));
  expect(await release(made)).toEqual({ version: "42", deploymentId: "d-1" });
  expect(made.asked).toMatchObject([{ applicationName: "shop-release", deploymentGroupName: "prod-shop" }]);
  expect(JSON.parse(made.asked[0]!.revision!.appSpecContent.content)).toEqual({
    version: "0.0",
    Resources: [
      {
        shop: {
          Type: "AWS::Lambda::Function",
          Properties: { Name: "shop", Alias: "live", CurrentVersion: "41", TargetVersion: "42" },
        },
      },
    ],
  });
});

it("does nothing where the alias has the version already, as after the first deployment", async () => {
  const made = clients("42", () => ({}));
  expect(await release(made)).toEqual({ version: "42" });
  expect(made.asked).toEqual([]);
});

it("says what to do where another release is under way, and hands on what else fails", async () => {
  const busy = new DeploymentLimitExceededException({ message: "limit", $metadata: {} });
  await expect(
    release(
      clients("41", () => {
        throw busy;
      }),
    ),
  ).rejects.toThrow(
    "The release before this one of shop is still under way: deploy again when CodeDeploy has ended it",
  );
  await expect(
    release(
      clients("41", () => {
        throw new Error("AccessDenied");
      }),
    ),
  ).rejects.toThrow("AccessDenied");
});
