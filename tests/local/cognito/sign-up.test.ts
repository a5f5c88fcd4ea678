import {
  AdminConfirmSignUpCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminResetUserPasswordCommand,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  DeleteUserCommand,
  ForgotPasswordCommand,
  GetUserAttributeVerificationCodeCommand,
  ResendConfirmationCodeCommand,
  SignUpCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { failure } from "../dynamodb/fixture.ts";
import { ClientId, type CognitoCloud, password, startCognito, UserPoolId } from "./fixture.ts";

const address = "ann@acme.example";
const HOUR = 3_600_000;

let cloud: CognitoCloud;
beforeEach(async () => {
  cloud = await startCognito({ pool: { autoVerifiedAttributes: ["email"] } });
});
afterEach(() => cloud.stop());

const signUp = (Username = "ann", email = address, Password = password) =>
  cloud.client.send(
    new SignUpCommand({ ClientId, Username, Password, UserAttributes: [{ Name: "email", Value: email }] }),
  );
const confirm = (ConfirmationCode: string, Username = "ann") =>
  cloud.client.send(new ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode }));
const resend = (Username = "ann") => cloud.client.send(new ResendConfirmationCodeCommand({ ClientId, Username }));
const forgot = (Username = "ann") => cloud.client.send(new ForgotPasswordCommand({ ClientId, Username }));
const reset = (ConfirmationCode: string, Password = "Another-horse-8", Username = "ann") =>
  cloud.client.send(new ConfirmForgotPasswordCommand({ ClientId, Username, ConfirmationCode, Password }));
const get = (Username = "ann") => cloud.client.send(new AdminGetUserCommand({ UserPoolId, Username }));
const attribute = async (name: string) => (await get()).UserAttributes!.find(({ Name }) => Name === name)?.Value;
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

const mismatch = ["CodeMismatchException", "Invalid verification code provided, please try again."];
const expired = ["ExpiredCodeException", "Invalid code provided, please request a code again."];
const exceeded = ["LimitExceededException", "Attempt limit exceeded, please try after some time."];

describe("somebody who signs up", () => {
  it("is let in once they confirm with the code that was sent, and their address is verified", async () => {
    const answer = await signUp();
    expect(answer).toMatchObject({
      UserConfirmed: false,
      UserSub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      CodeDeliveryDetails: { AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@a***" },
    });
    expect(await failure(cloud.signIn("ann"))).toEqual(["UserNotConfirmedException", "User is not confirmed."]);
    await confirm(await cloud.codeFor(address));
    expect(await attribute("email_verified")).toBe("true");
    expect(await cloud.signIn("ann")).toHaveProperty("IdToken");
    expect(await failure(confirm("123456"))).toEqual([
      "NotAuthorizedException",
      "User cannot be confirmed. Current status is CONFIRMED",
    ]);
  });

  it("is refused another's code, a used one, and one that is a day old", async () => {
    await signUp();
    const code = await cloud.codeFor(address);
    expect(await failure(confirm(other(code)))).toEqual(mismatch);
    await cloud.clock.advance(24 * HOUR);
    expect(await failure(confirm(code))).toEqual(expired);
    await resend();
    expect(await cloud.codeFor(address)).not.toBe(code);
    await confirm(await cloud.codeFor(address));
  });

  it("has five attempts at a code, and six codes take more than an hour", async () => {
    await signUp();
    const code = await cloud.codeFor(address);
    for (let attempt = 0; attempt < 5; attempt++) expect(await failure(confirm(other(code)))).toEqual(mismatch);
    expect(await failure(confirm(code))).toEqual(exceeded);
    for (let sent = 1; sent < 5; sent++) await resend();
    expect(await failure(resend())).toEqual(exceeded);
    await cloud.clock.advance(HOUR);
    await resend();
    await confirm(await cloud.codeFor(address));
  });

  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      "a name that is taken",
      async () => {
        await signUp();
        await signUp();
      },
      "UsernameExistsException",
      "User already exists",
    ],
    [
      "a password below the policy",
      () => signUp("ann", address, "password-1"),
      "InvalidPasswordException",
      "Password did not conform with password policy: Password must have uppercase characters",
    ],
    [
      "an address that calls itself verified",
      () =>
        cloud.client.send(
          new SignUpCommand({
            ClientId,
            Username: "ann",
            Password: password,
            UserAttributes: [{ Name: "email_verified", Value: "true" }],
          }),
        ),
      "NotAuthorizedException",
      "A client attempted to write unauthorized attribute",
    ],
    ["a code for nobody", () => confirm("123456", "nobody"), "ExpiredCodeException", expired[1]!],
  ])("is refused %s", async (_, act, code, message) => {
    expect(await failure(act())).toEqual([code, message]);
  });

  it("is refused where administrators make the accounts", async () => {
    await cloud.declare("userPool:UserPool", UserPoolId, {
      name: "closed",
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
    });
    expect(await failure(signUp())).toEqual(["NotAuthorizedException", "SignUp is not permitted for this user pool"]);
  });

  it("may be confirmed by an administrator", async () => {
    await signUp();
    await cloud.client.send(new AdminConfirmSignUpCommand({ UserPoolId, Username: "ann" }));
    expect(await cloud.signIn("ann")).toHaveProperty("IdToken");
  });

  it("finds the words of the pool in the message, and the code survives a restart", async () => {
    await cloud.declare("userPool:UserPool", UserPoolId, {
      name: "people",
      autoVerifiedAttributes: ["email"],
      verificationMessageTemplate: { emailSubject: "Welcome", emailMessage: "Hello {username}, use {####}." },
      emailConfiguration: { fromEmailAddress: "Acme <hi@acme.example>" },
    });
    await signUp();
    const [mail] = await cloud.mails();
    expect(mail).toMatchObject({ subject: "Welcome", from: "Acme <hi@acme.example>", to: [address] });
    expect(mail!.text).toMatch(/^Hello ann, use \d{6}\.$/);
    const code = await cloud.codeFor(address);
    await cloud.restart();
    await confirm(code);
  });
});

describe("somebody who forgot their password", () => {
  beforeEach(() => cloud.addUser("ann", { email: address, email_verified: "true" }));

  it("sets a new one with the code that was sent; what was signed in is signed out", async () => {
    const before = await cloud.signIn("ann");
    expect((await forgot()).CodeDeliveryDetails).toMatchObject({ Destination: "a***@a***" });
    const code = await cloud.codeFor(address);
    expect(await failure(reset(code, "short"))).toEqual([
      "InvalidPasswordException",
      "Password did not conform with password policy: Password not long enough",
    ]);
    expect(await failure(reset(other(code)))).toEqual(mismatch);
    await reset(code);
    expect(await cloud.signIn("ann", "Another-horse-8")).toHaveProperty("IdToken");
    expect(await failure(reset(code))).toEqual(expired);
    const use = cloud.client.send(new DeleteUserCommand({ AccessToken: before.AccessToken }));
    expect((await failure(use))[1]).toBe("Access Token has been revoked");
  });

  it("has an hour for it", async () => {
    await forgot();
    await cloud.clock.advance(HOUR);
    expect(await failure(reset(await cloud.codeFor(address)))).toEqual(expired);
  });

  it("is not told who is there and who is not", async () => {
    expect((await forgot("nobody")).CodeDeliveryDetails?.DeliveryMedium).toBe("EMAIL");
    expect(await failure(reset("123456", "Another-horse-8", "nobody"))).toEqual(expired);
    expect(await cloud.mails()).toEqual([]);
  });

  it("needs a verified address", async () => {
    await cloud.addUser("bob", { email: "bob@acme.example" });
    expect(await failure(forgot("bob"))).toEqual([
      "InvalidParameterException",
      "Cannot reset password for the user as there is no registered/verified email or phone_number",
    ]);
  });

  it("may be sent there by an administrator", async () => {
    await cloud.client.send(new AdminResetUserPasswordCommand({ UserPoolId, Username: "ann" }));
    expect(await failure(cloud.signIn("ann"))).toEqual([
      "PasswordResetRequiredException",
      "Password reset required for the user",
    ]);
    await reset(await cloud.codeFor(address));
    expect(await cloud.signIn("ann", "Another-horse-8")).toHaveProperty("IdToken");
  });
});

describe("an address that changes", () => {
  it("is not verified before its code is given", async () => {
    await cloud.addUser("ann", { email: address, email_verified: "true" });
    const { AccessToken } = await cloud.signIn("ann");
    const UserAttributes = [{ Name: "email", Value: "new@acme.example" }];
    const change = await cloud.client.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes }));
    expect(change.CodeDeliveryDetailsList).toMatchObject([{ Destination: "n***@a***" }]);
    expect(await attribute("email_verified")).toBe("false");
    const verify = (Code: string) =>
      cloud.client.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName: "email", Code }));
    expect(await failure(verify(other(await cloud.codeFor("new@acme.example"))))).toEqual(mismatch);
    await cloud.client.send(new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName: "email" }));
    await verify(await cloud.codeFor("new@acme.example"));
    expect(await attribute("email_verified")).toBe("true");
  });

  it("is never called verified by its owner", async () => {
    await cloud.addUser("ann", { email: address });
    const { AccessToken } = await cloud.signIn("ann");
    const UserAttributes = [{ Name: "email_verified", Value: "true" }];
    const change = cloud.client.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes }));
    expect(await failure(change)).toEqual([
      "NotAuthorizedException",
      "A client attempted to write unauthorized attribute",
    ]);
  });
});

describe("an invitation", () => {
  it("carries the temporary password, unless it is suppressed", async () => {
    const invite = (Username: string, MessageAction?: "SUPPRESS") =>
      cloud.client.send(
        new AdminCreateUserCommand({
          UserPoolId,
          Username,
          MessageAction,
          UserAttributes: [{ Name: "email", Value: `${Username}@acme.example` }],
        }),
      );
    await invite("bob");
    await invite("cid", "SUPPRESS");
    const mails = await cloud.mails();
    expect(mails).toMatchObject([{ to: ["bob@acme.example"], subject: "Your temporary password" }]);
    const temporary = / temporary password is (\S+)\.$/.exec(mails[0]!.text!)![1]!;
    expect(await cloud.signIn("bob", temporary)).toBeUndefined();
  });
});
