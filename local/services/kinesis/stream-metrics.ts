/** Kinesis's metrics of its streams. Nothing is throttled here, so what counts that stays at none. */
import { type Meter, meter } from "../../metrics.ts";
import { type Ended, measured } from "../../operation-metrics.ts";
import type { Cloud, Operation } from "../../service.ts";
import { read } from "./reading.ts";

interface RecordOf {
  Data?: Uint8Array;
  ApproximateArrivalTimestamp?: Date;
}

export function measuredStreams(cloud: Cloud, operations: Record<string, Operation>): Record<string, Operation> {
  const known = new Map<string, Meter>();
  function add(name: string, unit: string, StreamName: string, value: number): void {
    const key = `${name} ${StreamName}`;
    let found = known.get(key);
    if (!found) {
      found = meter(cloud, "AWS/Kinesis", name, unit, { StreamName });
      known.set(key, found);
    }
    found.add(value, cloud.clock.now());
  }
  const bytes = (records: RecordOf[]) => records.reduce((sum, { Data }) => sum + (Data?.length ?? 0), 0);

  function ended({ name, input, output, error, took }: Ended): void {
    const stream = streamOf(name, input);
    if (stream === undefined) return;
    if (error?.code === "ResourceNotFoundException") return;
    add(`${name}.Success`, "Count", stream, error ? 0 : 1);
    if (error) return;
    add(`${name}.Latency`, "Milliseconds", stream, took);
    if (name === "GetRecords") {
      const records = output.Records as RecordOf[];
      add("GetRecords.Records", "Count", stream, records.length);
      add("GetRecords.Bytes", "Bytes", stream, bytes(records));
      add("GetRecords.IteratorAgeMilliseconds", "Milliseconds", stream, output.MillisBehindLatest);
      return;
    }
    const records = (name === "PutRecord" ? [input] : input.Records) as RecordOf[];
    add("IncomingRecords", "Count", stream, records.length);
    add("IncomingBytes", "Bytes", stream, bytes(records));
    add("WriteProvisionedThroughputExceeded", "Count", stream, 0);
    if (name === "PutRecord") return;
    add("PutRecords.TotalRecords", "Count", stream, records.length);
    add("PutRecords.SuccessfulRecords", "Count", stream, records.length - output.FailedRecordCount);
    add("PutRecords.FailedRecords", "Count", stream, output.FailedRecordCount);
  }

  return measured(operations, ["PutRecord", "PutRecords", "GetRecords"], ended);
}

function streamOf(name: string, input: { StreamName?: string; StreamARN?: string; ShardIterator?: string }) {
  if (name !== "GetRecords") return input.StreamName ?? input.StreamARN?.split("/")[1];
  try {
    return read(input.ShardIterator).stream;
  } catch {
    return undefined;
  }
}
