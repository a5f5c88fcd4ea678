/** What the two builds of a pipeline do: make a plan, and carry out exactly that plan. Pure. */

export interface PulumiBuildOptions {
  /** Brings the program's packages. */
  installCommands: readonly string[];
  nodeVersion: string;
  pulumiVersion: string;
}

/** The plan, and the program it is of, travel as one artifact: what was approved is what is deployed. */
export const PLAN = "plan.json";

export function previewSpec(options: PulumiBuildOptions): object {
  return {
    version: "0.2",
    phases: {
      install: install(options),
      build: { commands: [`pulumi preview --stack "$STACK" --non-interactive --diff --save-plan ${PLAN}`] },
    },
    artifacts: { files: [PLAN] },
  };
}

export function upSpec(options: PulumiBuildOptions): object {
  return {
    version: "0.2",
    phases: {
      install: install(options),
      build: {
        commands: [
          `pulumi up --stack "$STACK" --non-interactive --yes --skip-preview --plan "$CODEBUILD_SRC_DIR_Plan/${PLAN}"`,
        ],
      },
    },
  };
}

function install({ installCommands, nodeVersion, pulumiVersion }: PulumiBuildOptions): object {
  return {
    "runtime-versions": { nodejs: nodeVersion },
    commands: [
      `curl -fsSL https://get.pulumi.com | sh -s -- --version ${pulumiVersion}`,
      'export PATH="$HOME/.pulumi/bin:$PATH"',
      ...installCommands,
      'pulumi login "$PULUMI_BACKEND_URL"',
    ],
  };
}
