/**
 * The stand-in for AWS's providers: `pulumi-resource-aws` and `pulumi-resource-awsx` of the suite. It answers from the outputs
 * table that engine/ answers from, and keeps what exists in a folder, so that a refresh finds what is gone.
 *
 * Not here: what AWS would refuse (names that are taken, limits), children of awsx components (one resource, as engine/ sees
 * it), which change of a property replaces a resource beyond reports/preview/replacement.ts.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import * as provider from "@pulumi/pulumi/provider/index.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { type Context, outputsOf } from "../../../engine/outputs/index.ts";
import { answerInvoke } from "../../../engine/outputs/invokes.ts";
import { decode, decodeAll, SIGNATURE } from "../../../engine/wire.ts";
import { replacedBy } from "../../../reports/preview/replacement.ts";

/** What the suite tells a stand-in, in `TERRACE_STAND_IN`. */
export interface StandIn {
  /** Where the resources are kept that "exist". */
  cloud: string;
  context: Context;
  /** In plugins' names: aws, awsx. */
  version: Record<string, string>;
}

/** `faults.json` in the cloud's folder: by resource name, what becomes of its creation. */
export type Faults = Record<string, "hold" | { error: string }>;

// biome-ignore lint/suspicious/noExplicitAny: protobuf messages
type Call = { request: any };
// biome-ignore lint/suspicious/noExplicitAny: protobuf messages
type Answer = (error: Error | null, response?: any) => void;
// biome-ignore lint/suspicious/noExplicitAny: properties as they come over the wire
type Properties = Record<string, any>;

interface Kept {
  inputs: Properties;
  outputs: Properties;
  /** A replacement is created before its predecessor is deleted, and may bear the same id. */
  references: number;
}

const { cloud, context, version }: StandIn = JSON.parse(process.env.TERRACE_STAND_IN!);
const name = process.env.TERRACE_STAND_IN_NAME!;
const cancelled = new AbortController();

const standIn: provider.Provider = {
  version: version[name],

  async diff(id, urn, olds, news) {
    const before = keptAt(urn, id)?.inputs ?? olds;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(news)])].filter(
      (key) => identity(before[key]) !== identity(news[key]),
    );
    return { changes: changed.length > 0, replaces: changed.filter((key) => replacedBy(typeOf(urn), key)) };
  },

  async create(urn, inputs) {
    await sufferFault(urn);
    const { id, outputs } = computed(urn, inputs);
    keep(urn, id, { inputs, outputs, references: (keptAt(urn, id)?.references ?? 0) + 1 });
    return { id, outs: outputs };
  },

  async read(id, urn, props) {
    const kept = keptAt(urn, id);
    if (!kept) return { id: "", props: {} };
    return { id, props: kept.outputs, inputs: props && Object.keys(props).length > 0 ? kept.inputs : undefined };
  },

  async update(id, urn, _olds, news) {
    const { outputs } = computed(urn, news);
    keep(urn, id, { inputs: news, outputs, references: keptAt(urn, id)?.references ?? 1 });
    return { outs: outputs };
  },

  async delete(id, urn) {
    const kept = keptAt(urn, id);
    if (kept && kept.references > 1) keep(urn, id, { ...kept, references: kept.references - 1 });
    else rmSync(fileOf(urn, id), { force: true });
  },

  async invoke(token, inputs) {
    return { outputs: answerInvoke(token, decodeAll(inputs, process.cwd()).values, context) };
  },

  async construct(name, type, inputs, options) {
    const { urn, made } = new Component(type, name, inputs, options);
    return { urn, state: await made };
  },

  async cancel() {
    cancelled.abort();
  },
};

/** A component of awsx: one resource, whose outputs are the table's. */
class Component extends pulumi.ComponentResource {
  readonly made: Promise<Properties>;

  constructor(type: string, name: string, inputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super(type, name, inputs, options);
    const state = pulumi.all([this.urn, pulumi.output(inputs)]).apply(([urn, given]): Properties => {
      // A preview knows of a component what the last deployment made, and before the first one only the inputs.
      const made = join(cloud, "components", hashOf(urn));
      if (pulumi.runtime.isDryRun()) return existsSync(made) ? JSON.parse(readFileSync(made, "utf8")) : given;
      const { outputs } = outputsOf({ urn, type, name, inputs: given }, context);
      mkdirSync(join(cloud, "components"), { recursive: true });
      writeFileSync(made, JSON.stringify(outputs));
      return outputs;
    });
    this.made = new Promise((resolve) => state.apply(resolve));
    this.registerOutputs(state);
  }
}

/** Ids and all outputs, in the form of the wire: inputs go back as they came, secrets wrapped. */
function computed(urn: string, inputs: Properties): { id: string; outputs: Properties } {
  const { values } = decodeAll(inputs, process.cwd());
  const known = outputsOf({ urn, type: typeOf(urn), name: nameOf(urn), inputs: values }, context);
  const outputs = { ...inputs };
  for (const [key, value] of Object.entries(known.outputs)) {
    if (JSON.stringify(value) !== JSON.stringify(values[key])) outputs[key] = value;
  }
  return { id: known.id, outputs };
}

/** What a preview knows of a new resource: its inputs, and that there will be more. */
function foreseen(urn: string, inputs: Properties): Properties {
  try {
    const later = Object.keys(computed(urn, inputs).outputs).filter((key) => !(key in inputs));
    return { ...inputs, ...Object.fromEntries(later.map((key) => [key, pulumi.runtime.unknownValue])) };
  } catch {
    return inputs; // the table's row needs what is not known yet
  }
}

async function sufferFault(urn: string): Promise<void> {
  const file = join(cloud, "faults.json");
  const faults: Faults = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const fault = faults[nameOf(urn)];
  if (fault === undefined) return;
  if (fault !== "hold") throw new Error(fault.error);
  // As a call to AWS that takes its time: it ends when the CLI gives up.
  writeFileSync(join(cloud, "held"), urn);
  await new Promise<void>((resolve) => cancelled.signal.addEventListener("abort", () => resolve()));
  throw new Error("cancelled while AWS was still at it");
}

const keptAt = (urn: string, id: string): Kept | undefined => {
  const file = fileOf(urn, id);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
};

function keep(urn: string, id: string, kept: Kept): void {
  mkdirSync(cloud, { recursive: true });
  writeFileSync(fileOf(urn, id), JSON.stringify({ urn, id, ...kept }));
}

const fileOf = (urn: string, id: string): string => join(cloud, `${hashOf(`${urn} ${id}`)}.json`);
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 24);

const typeOf = (urn: string): string => urn.split("::")[2]!.split("$").at(-1)!;
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/** What a property is, wherever it was packed: archives by their hash, secrets by their value. */
function identity(raw: unknown): string | undefined {
  return JSON.stringify(raw, (_key, part) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    if (SIGNATURE in part) return typeof part.hash === "string" ? part.hash : decode(part, "");
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * AWS's provider answers in previews as well: a new resource has what it was given, and one that is to be updated keeps what
 * the last deployment computed. The class of @pulumi/pulumi has no place for that, so its gRPC methods are met here.
 */
function answerPreviews(): void {
  const addService = grpc.Server.prototype.addService;
  grpc.Server.prototype.addService = function (definition, service) {
    const base = service as Record<string, (call: Call, answer: Answer) => void>;
    const answered = (methods: Record<string, (call: Call, answer: Answer) => void>) =>
      new Proxy(base, { get: (target, name) => methods[String(name)] ?? target[String(name)]?.bind(target) });
    return addService.call(
      this,
      definition,
      answered({
        configure: (call, answer) =>
          base.configure!(call, (error, response) => answer(error, response?.setSupportspreview(true))),
        create(call, answer) {
          if (!call.request.getPreview()) return base.create!(call, answer);
          const properties = foreseen(call.request.getUrn(), call.request.getProperties().toJavaScript());
          answer(null, new messages.CreateResponse().setProperties(structs.Struct.fromJavaScript(properties)));
        },
        update(call, answer) {
          if (!call.request.getPreview()) return base.update!(call, answer);
          const [olds, news] = [call.request.getOlds().toJavaScript(), call.request.getNews().toJavaScript()];
          answer(
            null,
            new messages.UpdateResponse().setProperties(structs.Struct.fromJavaScript({ ...olds, ...news })),
          );
        },
      }),
    );
  };
}

answerPreviews();
// A CLI that was killed can not say so; its end of the pipe closes.
process.stdin.resume().once("end", () => process.exit());
await provider.main(standIn, process.argv.slice(2));
