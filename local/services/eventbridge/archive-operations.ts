/** Operations on archives and replays. A replay is over as soon as it was started: there is nothing to cancel. */
import type { StartReplayCommandInput } from "@aws-sdk/client-eventbridge";
import { AwsError, type Operation } from "../../service.ts";
import type { Archive, Archives, Replay } from "./archives.ts";
import type { EventBridge } from "./index.ts";
import { page } from "./page.ts";

export function archiveOperations({ registry, archives }: EventBridge): Record<string, Operation> {
  const onArchive =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ ArchiveName = "*" }) => ({ action: `events:${action}`, resource: registry.arnOf("archive", ArchiveName) });
  const onReplay =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ ReplayName = "*" }) => ({ action: `events:${action}`, resource: registry.arnOf("replay", ReplayName) });

  return {
    CreateArchive: {
      authorize: onArchive("CreateArchive"),
      run(input) {
        if (archives.all().some(({ name }) => name === input.ArchiveName)) {
          throw new AwsError("ResourceAlreadyExistsException", `Archive ${input.ArchiveName} already exists.`);
        }
        return state(archives.put(input, false));
      },
    },
    UpdateArchive: {
      authorize: onArchive("UpdateArchive"),
      run({ ArchiveName, ...changes }) {
        const { sourceArn, description, eventPattern, retentionDays } = archives.find(ArchiveName);
        const before = { Description: description, EventPattern: eventPattern, RetentionDays: retentionDays };
        return state(archives.put({ ArchiveName, EventSourceArn: sourceArn, ...before, ...changes }, false));
      },
    },
    DescribeArchive: {
      authorize: onArchive("DescribeArchive"),
      run({ ArchiveName }) {
        const archive = archives.find(ArchiveName);
        return {
          ...summary(archive, archives),
          ArchiveArn: archive.arn,
          Description: archive.description,
          EventPattern: archive.eventPattern,
        };
      },
    },
    DeleteArchive: {
      authorize: onArchive("DeleteArchive"),
      run({ ArchiveName }) {
        archives.remove(ArchiveName);
        return {};
      },
    },
    ListArchives: {
      authorize: onArchive("ListArchives"),
      run({ NamePrefix = "", EventSourceArn, State = "ENABLED", NextToken, Limit }) {
        if (EventSourceArn) registry.bus(EventSourceArn);
        const wanted = ({ name, sourceArn }: Archive) =>
          name.startsWith(NamePrefix) && (!EventSourceArn || sourceArn === EventSourceArn) && State === "ENABLED";
        const { items, NextToken: next } = page(archives.all().filter(wanted), NextToken, Limit);
        return { Archives: items.map((archive) => summary(archive, archives)), NextToken: next };
      },
    },
    StartReplay: {
      authorize: onReplay("StartReplay"),
      run(input: StartReplayCommandInput) {
        const { arn, startedAt } = archives.startReplay(input);
        return { ReplayArn: arn, State: "STARTING", ReplayStartTime: new Date(startedAt) };
      },
    },
    DescribeReplay: {
      authorize: onReplay("DescribeReplay"),
      run({ ReplayName }) {
        const replay = archives.replay(ReplayName);
        const { arn, description, destination } = replay;
        return { ...replaySummary(replay), ReplayArn: arn, Description: description, Destination: destination };
      },
    },
    CancelReplay: {
      authorize: onReplay("CancelReplay"),
      run({ ReplayName }) {
        archives.replay(ReplayName);
        throw new AwsError(
          "IllegalStatusException",
          `Replay ${ReplayName} is not in a valid state for this operation.`,
        );
      },
    },
    ListReplays: {
      authorize: onReplay("ListReplays"),
      run({ NamePrefix = "", EventSourceArn, State = "COMPLETED", NextToken, Limit }) {
        const wanted = ({ name, archiveArn }: Replay) =>
          name.startsWith(NamePrefix) && (!EventSourceArn || archiveArn === EventSourceArn) && State === "COMPLETED";
        const { items, NextToken: next } = page(archives.replays().filter(wanted), NextToken, Limit);
        return { Replays: items.map(replaySummary), NextToken: next };
      },
    },
  };
}

function state({ arn, createdAt }: Archive) {
  return { ArchiveArn: arn, State: "ENABLED", CreationTime: new Date(createdAt) };
}

function summary({ name, sourceArn, retentionDays, createdAt }: Archive, archives: Archives) {
  const { events, bytes } = archives.count(name);
  return {
    ArchiveName: name,
    EventSourceArn: sourceArn,
    State: "ENABLED",
    RetentionDays: retentionDays,
    EventCount: events,
    SizeBytes: bytes,
    CreationTime: new Date(createdAt),
  };
}

function replaySummary({ name, archiveArn, from, to, startedAt, lastEventAt }: Replay) {
  return {
    ReplayName: name,
    EventSourceArn: archiveArn,
    State: "COMPLETED",
    EventStartTime: new Date(from),
    EventEndTime: new Date(to),
    EventLastReplayedTime: lastEventAt === undefined ? undefined : new Date(lastEventAt),
    ReplayStartTime: new Date(startedAt),
    ReplayEndTime: new Date(startedAt),
  };
}
