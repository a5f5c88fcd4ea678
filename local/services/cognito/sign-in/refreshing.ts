/** Fresh tokens for a refresh token: by the sign-in's own operation, and by the one for tokens that are rotated. */
import type {
  GetTokensFromRefreshTokenCommandInput,
  InitiateAuthCommandOutput,
} from "@aws-sdk/client-cognito-identity-provider";
import { AwsError, type Operation } from "../../../service.ts";
import type { Directory } from "../pools/directory.ts";
import type { Client } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { assertFlow, assertSecretHash, equal, required } from "./client-proof.ts";

export function refreshingTokens(directory: Directory, tokens: Tokens) {
  return {
    /** REFRESH_TOKEN_AUTH. */
    async byFlow(
      client: Client,
      parameters: Record<string, string>,
    ): Promise<Omit<InitiateAuthCommandOutput, "$metadata">> {
      assertFlow(client, "REFRESH_TOKEN_AUTH");
      if (client.rotationGraceSeconds !== undefined) {
        const message = "Refresh tokens of this client are rotated: use GetTokensFromRefreshToken.";
        throw new AwsError("InvalidParameterException", message);
      }
      const token = required(parameters, "REFRESH_TOKEN");
      // By the user's own name: an alias is not what a refresh token knows.
      if (client.secret !== undefined || parameters.SECRET_HASH !== undefined) {
        assertSecretHash(client, tokens.ownerOf(token, client), parameters.SECRET_HASH);
      }
      const { scopes: _, ...result } = await tokens.refresh(token, client);
      return { ChallengeParameters: {}, AuthenticationResult: result };
    },

    operation: {
      async run({ ClientId, ClientSecret, RefreshToken = "" }: GetTokensFromRefreshTokenCommandInput) {
        const client = directory.client(ClientId);
        if (client.secret !== undefined && !equal(client.secret, ClientSecret ?? "")) {
          throw notAuthorized("Unable to verify secret for client");
        }
        const { scopes: _, ...result } = await tokens.refresh(RefreshToken, client);
        return { AuthenticationResult: result };
      },
    } satisfies Operation,
  };
}
