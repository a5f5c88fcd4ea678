/** Operations on shards: listing, splitting, merging, changing their number. */
import type { ListShardsCommandInput } from "@aws-sdk/client-kinesis";
import { AwsError, type Operation } from "../../service.ts";
import { indexOf, isHashKey, owns, type Shard, sequenceOf, shardId } from "./shards.ts";
import { openShards, type Stream, type StreamReference, type Streams } from "./streams.ts";

const PAGE = 1_000;

export function shardOperations(streams: Streams): Record<string, Operation> {
  const { access } = streams;

  function openShard(stream: Stream, id: string): Shard {
    const shard = openShards(stream).find(({ index }) => index === indexOf(id));
    if (!shard) throw invalid(`Shard ${id} in stream ${stream.name} does not exist or is closed.`);
    return shard;
  }

  /** Those of before the retention's end are of no use to anybody. */
  function filtered(stream: Stream, filter: ListShardsCommandInput["ShardFilter"]): Shard[] {
    const kept = stream.shards.filter(({ closedAt = Number.POSITIVE_INFINITY }) => closedAt > streams.horizon(stream));
    const openAt =
      (time: number) =>
      ({ openedAt, closedAt = Number.POSITIVE_INFINITY }: Shard) =>
        openedAt <= time && closedAt > time;
    const time = filter?.Timestamp?.getTime() ?? 0;
    switch (filter?.Type) {
      case "AT_LATEST":
        return openShards(stream);
      case "AT_TRIM_HORIZON":
        return kept.filter(openAt(Math.max(streams.horizon(stream), stream.createdAt)));
      case "AT_TIMESTAMP":
        return kept.filter(openAt(Math.max(time, stream.createdAt)));
      case "FROM_TIMESTAMP":
        return kept.filter(({ closedAt = Number.POSITIVE_INFINITY }) => closedAt > time);
      case "AFTER_SHARD_ID":
        return kept.filter(({ index }) => index > indexOf(filter.ShardId ?? ""));
      default:
        return kept;
    }
  }

  return {
    ListShards: {
      authorize: (input: ListShardsCommandInput) => access("ListShards")(pageOf(input)),
      run(input: ListShardsCommandInput) {
        const { MaxResults = PAGE, ExclusiveStartShardId, ShardFilter } = input;
        const { after = ExclusiveStartShardId ?? "", ...reference } = pageOf(input);
        const stream = streams.find(reference);
        const shards = filtered(stream, ShardFilter)
          .map((shard) => describeShard(stream, shard))
          .filter(({ ShardId }) => ShardId > after);
        const page = shards.slice(0, MaxResults);
        const token = { StreamName: stream.name, after: page.at(-1)?.ShardId };
        return {
          Shards: page,
          ...(shards.length > page.length && {
            NextToken: Buffer.from(JSON.stringify(token)).toString("base64"),
          }),
        };
      },
    },
    SplitShard: {
      authorize: access("SplitShard"),
      run({ ShardToSplit, NewStartingHashKey, ...reference }) {
        const stream = streams.find(reference);
        const shard = openShard(stream, ShardToSplit);
        const { from, to } = shard;
        if (!isHashKey(NewStartingHashKey) || !owns(shard, BigInt(NewStartingHashKey)) || NewStartingHashKey === from) {
          throw invalid(
            `NewStartingHashKey ${NewStartingHashKey} used in SplitShard() on shard ${ShardToSplit} is not both greater than one plus the shard's StartingHashKey ${from} and less than the shard's EndingHashKey ${to}.`,
          );
        }
        const middle = BigInt(NewStartingHashKey);
        streams.reshard(
          stream,
          [shard],
          [
            { from, to: String(middle - 1n) },
            { from: NewStartingHashKey, to },
          ],
        );
        return {};
      },
    },
    MergeShards: {
      authorize: access("MergeShards"),
      run({ ShardToMerge, AdjacentShardToMerge, ...reference }) {
        const stream = streams.find(reference);
        const pair = [openShard(stream, ShardToMerge), openShard(stream, AdjacentShardToMerge)];
        const [low, high] = pair.sort((a, b) => (BigInt(a.from) < BigInt(b.from) ? -1 : 1)) as [Shard, Shard];
        if (BigInt(low.to) + 1n !== BigInt(high.from)) {
          throw invalid(`Shards ${ShardToMerge} and ${AdjacentShardToMerge} are not adjacent.`);
        }
        streams.reshard(stream, [low, high], [{ from: low.from, to: high.to }]);
        return {};
      },
    },
    UpdateShardCount: {
      authorize: access("UpdateShardCount"),
      run({ TargetShardCount, ...reference }) {
        const stream = streams.find(reference);
        const CurrentShardCount = openShards(stream).length;
        if (TargetShardCount > CurrentShardCount * 2 || TargetShardCount < CurrentShardCount / 2) {
          throw invalid(
            `UpdateShardCount cannot scale from ${CurrentShardCount} to ${TargetShardCount} shards: at most twice, at least half of them.`,
          );
        }
        streams.resize(stream, TargetShardCount);
        return { StreamName: stream.name, StreamARN: stream.arn, CurrentShardCount, TargetShardCount };
      },
    },
  };
}

/** A token names the stream; then nothing else may. */
function pageOf({ NextToken, StreamName, StreamARN }: ListShardsCommandInput): StreamReference & { after?: string } {
  if (!NextToken) return { StreamName, StreamARN };
  if (StreamName) throw invalid("NextToken and StreamName cannot be provided together.");
  try {
    const { StreamName: name, after } = JSON.parse(Buffer.from(NextToken, "base64").toString());
    return { StreamName: String(name), after: String(after) };
  } catch {
    throw invalid("NextToken is invalid.");
  }
}

export function describeShard({ createdAt }: Stream, shard: Shard) {
  const { index, from, to, parent, adjacentParent, firstNumber, lastNumber } = shard;
  return {
    ShardId: shardId(index),
    ...(parent !== undefined && { ParentShardId: shardId(parent) }),
    ...(adjacentParent !== undefined && { AdjacentParentShardId: shardId(adjacentParent) }),
    HashKeyRange: { StartingHashKey: from, EndingHashKey: to },
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceOf(createdAt, firstNumber, index),
      ...(lastNumber !== undefined && { EndingSequenceNumber: sequenceOf(createdAt, lastNumber, index) }),
    },
  };
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidArgumentException", message);
}
