/** Users sign in; without a token nobody gets in. */

import { http } from "../http.ts";
import { signIn } from "../visitor.ts";
import { type Chapter, NEIGHBOUR, POOLED, SILO } from "./scene.ts";

export const signInChapter: Chapter = async (scene) => {
  const { platform, story } = scene;
  story.heading("Users sign in");
  const arrive = (tenantId: string) =>
    story.step(
      `A user of ${tenantId}`,
      () => signIn(platform, tenantId),
      ({ tenant }) => `${tenant.user} at ${tenant.apiUrl} (${tenant.placement})`,
    );
  scene.visitors = [await arrive(SILO), await arrive(POOLED)];
  scene.neighbour = await arrive(NEIGHBOUR);
  await story.step("Without a token nobody gets in", async () => {
    const { status } = await http(`${platform.outputs.tenants[SILO]!.apiUrl}/albums`);
    if (status !== 401) throw new Error(`GET /albums answered ${status}, not 401`);
  });
};
