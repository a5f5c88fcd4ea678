import { handler } from "../../functions/invalidate/handler.ts";

const request = { distributionId: "E1", paths: ["/index.html", "/robots.txt"], version: "4f2a" };
const answering = (answer: object) => {
  const asked: object[] = [];
  const client = {
    send: async ({ input }: { input: object }) => {
      asked.push(input);
      return answer;
    },
  };
  return { asked, client: client as never };
};

it("asks CloudFront to forget the pages", async () => {
  const { asked, client } = answering({ Invalidation: { Id: "I1" } });
  expect(await handler(request, { awsRequestId: "r1" }, client)).toEqual({ invalidationId: "I1" });
  expect(asked).toEqual([
    {
      DistributionId: "E1",
      InvalidationBatch: {
        CallerReference: "4f2a-r1",
        Paths: { Quantity: 2, Items: ["/index.html", "/robots.txt"] },
      },
    },
  ]);
});

it("forgets again when an earlier version comes back", async () => {
  const { asked, client } = answering({ Invalidation: { Id: "I1" } });
  await handler(request, { awsRequestId: "r1" }, client);
  await handler(request, { awsRequestId: "r2" }, client);
  const [first, second] = asked as { InvalidationBatch: { CallerReference: string } }[];
  expect(first!.InvalidationBatch.CallerReference).not.toBe(second!.InvalidationBatch.CallerReference);
});

it("fails the deployment when CloudFront does not say which invalidation it made", async () => {
  const { client } = answering({});
  await expect(handler(request, { awsRequestId: "r1" }, client)).rejects.toThrow("without an invalidation for E1");
});
