/** Stages and deployments of HTTP and WebSocket APIs: a stage shows a deployment, or whatever there is where it deploys by itself. */
import type { Operation } from "../../../service.ts";
import { badRequest, conflict } from "../control/kinds.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import type { KindsV2 } from "./kinds.ts";

const API = "/apis/{ApiId}";
const STAGE = `${API}/stages/{StageName}`;
const DEPLOYMENT = `${API}/deployments/{DeploymentId}`;

export function stageV2Operations({ documents }: Apis, kinds: KindsV2, now: () => number): Record<string, Operation> {
  function snapshotOf(ApiId: string): [string, Document][] {
    const path = `/apis/${ApiId}`;
    const parts = documents
      .below(path)
      .filter(([below]) => !below.startsWith("/deployments/") && !below.startsWith("/stages/"));
    if (!parts.some(([below]) => below.startsWith("/routes/"))) {
      throw badRequest("At least one route is required before deploying the Api.");
    }
    return [["", documents.get(path)!], ...parts];
  }

  function checkStage(stage: Document, { ApiId }: Document, known?: Document): void {
    const { StageName, AutoDeploy, DeploymentId } = stage;
    if (!/^(\$default|[A-Za-z0-9_-]{1,128})$/.test(StageName)) throw badRequest("Invalid stage name specified");
    const isHttp = documents.get(`/apis/${ApiId}`)?.ProtocolType === "HTTP";
    if (StageName === "$default" && !isHttp) throw badRequest("The $default stage is supported for HTTP APIs only");
    if (!known && documents.get(pathOf(STAGE, { ApiId, StageName }))) throw conflict("Stage already exists");
    if (AutoDeploy && DeploymentId !== undefined && DeploymentId !== known?.DeploymentId) {
      throw badRequest("Deployment ID cannot be specified when AutoDeploy is enabled");
    }
    if (DeploymentId !== undefined && !documents.get(pathOf(DEPLOYMENT, { ApiId, DeploymentId }))) {
      throw badRequest(`Unable to find Deployment by ID ${DeploymentId} within the provided API`);
    }
    if (AutoDeploy) delete stage.DeploymentId;
    stage.isEmpty = AutoDeploy !== true && stage.DeploymentId === undefined;
    // What the API limits is meant.
    if (stage.DefaultRouteSettings !== known?.DefaultRouteSettings) stage.isLimitLifted = false;
    stage.LastUpdatedDate = now();
  }

  function change(path: string, stage: Document): void {
    documents.put(path, { ...stage, LastUpdatedDate: now() });
  }

  const { CreateDeployment: _, ...deployments } = kinds.crud({
    name: "Deployment",
    path: DEPLOYMENT,
    mayDelete({ ApiId, DeploymentId }) {
      const isShown = documents.children(`/apis/${ApiId}/stages`).some((stage) => stage.DeploymentId === DeploymentId);
      if (isShown) throw badRequest("Active stages pointing to this deployment must be moved or deleted");
    },
  });

  return {
    ...kinds.crud({
      name: "Stage",
      path: STAGE,
      defaults: () => ({
        ...{ AutoDeploy: false, RouteSettings: {}, StageVariables: {}, CreatedDate: now() },
        DefaultRouteSettings: { DetailedMetricsEnabled: false },
      }),
      check: checkStage,
    }),
    ...deployments,
    CreateDeployment: {
      ...kinds.may("POST", `${API}/deployments`),
      run(input) {
        const { ApiId, StageName, Description } = input;
        const stage = StageName === undefined ? undefined : kinds.find(STAGE, input);
        kinds.find(API, input);
        if (stage?.AutoDeploy) throw badRequest("Deployments to a stage that deploys automatically are not allowed");
        const made = kinds.crud({
          name: "Deployment",
          path: DEPLOYMENT,
          defaults: () => ({
            AutoDeployed: false,
            DeploymentStatus: "DEPLOYED",
            CreatedDate: now(),
            snapshot: snapshotOf(ApiId),
          }),
        });
        const deployment = made.CreateDeployment!.run({ ApiId, Description }, {} as never);
        if (stage) {
          const { DeploymentId } = deployment;
          change(pathOf(STAGE, input), { ...stage, DeploymentId, isEmpty: false });
        }
        return deployment;
      },
    },
    DeleteAccessLogSettings: {
      ...kinds.may("DELETE", `${STAGE}/accesslogsettings`),
      run(input) {
        const { AccessLogSettings: _settings, ...stage } = kinds.find(STAGE, input);
        change(pathOf(STAGE, input), stage);
        return {};
      },
    },
    DeleteRouteSettings: {
      ...kinds.may("DELETE", `${STAGE}/routesettings/{RouteKey}`),
      run(input) {
        const stage = kinds.find(STAGE, input);
        const { [input.RouteKey]: _settings, ...RouteSettings } = stage.RouteSettings ?? {};
        change(pathOf(STAGE, input), { ...stage, RouteSettings });
        return {};
      },
    },
    ResetAuthorizersCache: {
      ...kinds.may("DELETE", `${STAGE}/cache/authorizers`),
      run(input) {
        documents.put(pathOf(STAGE, input), { ...kinds.find(STAGE, input), authorizersFlushedAt: now() });
        return {};
      },
    },
  };
}
