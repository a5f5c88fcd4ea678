/** What mappings of all kinds of sources have in common. */
import type { Resource } from "../../../../engine/graph.ts";

export interface MappingBase {
  uuid: string;
  urn: string;
  /** A change by the API is a change of it. */
  declaration: Resource;
  sourceArn: string;
  functionName: string;
  /** A version or an alias of it. */
  qualifier?: string;
  batchSize: number;
  windowSeconds: number;
  /** `ReportBatchItemFailures` */
  reportsFailures: boolean;
  filters: object[];
  enabled: boolean;
  lastModified: number;
}

/** The mappings of one kind of source. */
export interface Mappings<Mapping extends MappingBase = MappingBase> {
  all(): Mapping[];
  /** @param isKnown It was accepted in an earlier run: it is not checked again. */
  put(resource: Resource, isKnown?: boolean): Promise<void>;
  /** It reads no further; what a function works on is finished. */
  remove(uuid: string): void;
  /** What the API tells of a mapping beyond what all have. */
  describe(mapping: Mapping): object;
  stop(): void;
}
