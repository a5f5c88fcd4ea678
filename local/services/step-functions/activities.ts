/** Activities: work that somebody outside asks for, with the token to answer by. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import { page } from "./page.ts";

interface Job {
  token: string;
  input: string;
  /** Aborted when the task is over. */
  signal: AbortSignal;
  taken(): void;
}

interface Activity {
  arn: string;
  name: string;
  createdAt: number;
}

export interface Activities {
  declare(arn: string, name: string): void;
  offer(arn: string, job: Job): void;
  operations: Record<string, Operation>;
  stop(): void;
}

/** How long GetActivityTask waits. */
const POLL_MS = 60_000;

export function activitiesOf(cloud: Cloud): Activities {
  const { database, clock } = cloud;
  database.exec(
    "CREATE TABLE IF NOT EXISTS states_activities (arn TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT",
  );
  const insert = database.prepare("INSERT OR IGNORE INTO states_activities VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM states_activities WHERE arn = ?");
  const list = database.prepare("SELECT arn, name, created_at AS createdAt FROM states_activities ORDER BY name");
  const jobs = new Map<string, Job[]>();
  const pollers = new Map<string, ((job?: Job) => void)[]>();
  const all = () => list.all() as unknown as Activity[];
  const arnOf = (name: string) => `arn:aws:states:${cloud.region}:${cloud.account}:activity:${name}`;
  const on = (action: string) => (input: { activityArn: string }) => ({
    action: `states:${action}`,
    resource: input.activityArn,
  });

  function find(arn: string): Activity {
    const known = all().find((each) => each.arn === arn);
    if (!known) throw new AwsError("ActivityDoesNotExist", `Activity Does Not Exist: '${arn}'`);
    return known;
  }

  function next(arn: string): Job | undefined {
    const queue = jobs.get(arn) ?? [];
    for (let job = queue.shift(); job; job = queue.shift()) if (!job.signal.aborted) return job;
    return undefined;
  }

  function poll(arn: string, gone?: AbortSignal): Promise<Job | undefined> {
    return new Promise((resolve) => {
      const queue = pollers.get(arn) ?? [];
      pollers.set(arn, queue);
      const done = (job?: Job) => {
        timer.cancel();
        gone?.removeEventListener("abort", leave);
        if (queue.includes(done)) queue.splice(queue.indexOf(done), 1);
        resolve(job);
      };
      const leave = () => done();
      const timer = clock.after(POLL_MS, leave);
      gone?.addEventListener("abort", leave);
      queue.push(done);
    });
  }

  return {
    declare: (arn, name) => void insert.run(arn, name, clock.now()),
    offer(arn, job) {
      const poller = pollers.get(arn)?.shift();
      if (poller) poller(job);
      else jobs.set(arn, [...(jobs.get(arn) ?? []), job]);
    },
    operations: {
      CreateActivity: {
        authorize: ({ name }) => ({ action: "states:CreateActivity", resource: arnOf(name) }),
        run({ name }) {
          if (!/^[\w.-]{1,80}$/.test(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
          insert.run(arnOf(name), name, clock.now());
          return { activityArn: arnOf(name), creationDate: new Date(find(arnOf(name)).createdAt) };
        },
      },
      DescribeActivity: {
        authorize: on("DescribeActivity"),
        run({ activityArn }) {
          const { arn, name, createdAt } = find(activityArn);
          return { activityArn: arn, name, creationDate: new Date(createdAt) };
        },
      },
      DeleteActivity: {
        authorize: on("DeleteActivity"),
        run({ activityArn }) {
          remove.run(activityArn);
          return {};
        },
      },
      ListActivities: {
        authorize: () => ({ action: "states:ListActivities", resource: "*" }),
        run({ maxResults, nextToken }) {
          const found = page(all(), nextToken, maxResults);
          const activities = found.items.map(({ arn, name, createdAt }) => ({
            activityArn: arn,
            name,
            creationDate: new Date(createdAt),
          }));
          return { activities, nextToken: found.nextToken };
        },
      },
      GetActivityTask: {
        authorize: on("GetActivityTask"),
        async run({ activityArn }, { http }) {
          find(activityArn);
          const job = next(activityArn) ?? (await poll(activityArn, http?.signal));
          if (!job) return {};
          job.taken();
          return { taskToken: job.token, input: job.input };
        },
      },
    },
    stop() {
      for (const queue of pollers.values()) for (const leave of [...queue]) leave();
    },
  };
}
