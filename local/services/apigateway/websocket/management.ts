/** `@connections`: what a backend does with clients that are connected, whoever it is. */
import { AwsError, type AwsRequest, type Cloud, type Operation } from "../../../service.ts";
import { type Connection, connectionsOf } from "./connections.ts";
import { MAX_MESSAGE_BYTES } from "./frame-limit.ts";

/** The API and stage of a call's address: `<api>.execute-api.<region>.amazonaws.com/<stage>/@connections/<id>`. */
const places = new WeakMap<AwsRequest, { apiId: string; stage: string }>();

/** Reads the address, and leaves of its path what the operations know. */
export function readPlace(
  request: AwsRequest,
  resolve: (host: string, path: string) => { apiId: string; stage: string } | undefined,
) {
  const at = request.url.pathname.search(/\/(?:@|%40)connections\//i);
  if (at < 0) return;
  const place = resolve(request.headers.host ?? "", request.url.pathname.slice(0, at));
  if (place) places.set(request, place);
  request.url.pathname = request.url.pathname.slice(at).replace(/^\/%40/i, "/@");
}

export function connectionOperations(cloud: Cloud): Record<string, Operation> {
  function authorize(verb: string): Operation["authorize"] {
    return (_input, { http }) => {
      const place = http && places.get(http);
      if (!place) throw new AwsError("ForbiddenException", "Forbidden", 403);
      const { apiId, stage } = place;
      return {
        action: "execute-api:ManageConnections",
        resource: `arn:aws:execute-api:${cloud.region}:${cloud.account}:${apiId}/${stage}/${verb}/@connections/{connectionId}`,
      };
    };
  }

  function find(id: string, http: AwsRequest | undefined): Connection {
    const connection = connectionsOf(cloud).get(id);
    const place = http && places.get(http);
    if (!connection || connection.apiId !== place?.apiId || connection.stage !== place.stage) {
      throw new AwsError("GoneException", "Gone", 410);
    }
    return connection;
  }

  return {
    PostToConnection: {
      authorize: authorize("POST"),
      run({ ConnectionId, Data }, { http }) {
        if (Data?.length > MAX_MESSAGE_BYTES) throw new AwsError("PayloadTooLargeException", "Message too long", 413);
        connectionsOf(cloud).send(find(ConnectionId, http), Buffer.from(Data ?? "").toString());
        return {};
      },
    },
    GetConnection: {
      authorize: authorize("GET"),
      run({ ConnectionId }, { http }) {
        const { connectedAt, lastActiveAt, sourceIp, userAgent } = find(ConnectionId, http);
        return {
          ConnectedAt: new Date(connectedAt),
          Identity: { SourceIp: sourceIp, UserAgent: userAgent ?? "" },
          LastActiveAt: new Date(lastActiveAt),
        };
      },
    },
    DeleteConnection: {
      authorize: authorize("DELETE"),
      run({ ConnectionId }, { http }) {
        find(ConnectionId, http).socket.close(1000, "Connection Closed Normally");
        return {};
      },
    },
  };
}
