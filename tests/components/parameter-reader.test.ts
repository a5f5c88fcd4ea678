/** `terrace/parameters`: rotated values without a deployment, and few questions to SSM. */
import { parameterReader } from "../../components/data/parameter-reader.ts";

const arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:db-AbCdEf";
function reader(values: Record<string, string> = { "/shop/limit": "5", "/shop/database": arn }) {
  const state = { now: 0, asked: 0, secretsAsked: 0, secret: "first", fails: false, values };
  const source = {
    async parameters() {
      state.asked++;
      if (state.fails) throw new Error("ThrottlingException");
      return { ...state.values };
    },
    async secret() {
      state.secretsAsked++;
      return state.secret;
    },
  };
  return { state, settings: parameterReader("/shop", { source, now: () => state.now }) };
}

it("hundreds of readers at once ask SSM once, and once a minute after that", async () => {
  const { state, settings } = reader();
  await Promise.all(Array.from({ length: 300 }, () => settings.value("limit")));
  expect(state.asked).toBe(1);
  state.now = 59_999;
  await settings.value("limit");
  expect(state.asked).toBe(1);
  state.now = 60_000;
  await settings.value("limit");
  expect(state.asked).toBe(2);
});

it("a rotated secret is in use a minute later, without a deployment", async () => {
  const { state, settings } = reader();
  expect(await settings.secret("database")).toBe("first");
  state.secret = "rotated";
  expect(await settings.secret("database")).toBe("first");
  state.now = 60_000;
  expect(await settings.secret("database")).toBe("rotated");
  expect(state.secretsAsked).toBe(2);
});

it("goes on with what it knows where SSM throttles, and fails only where it knows nothing", async () => {
  const { state, settings } = reader();
  await settings.value("limit");
  state.now = 60_000;
  state.fails = true;
  expect(await settings.value("limit")).toBe("5");
  const cold = reader();
  cold.state.fails = true;
  await expect(cold.settings.value("limit")).rejects.toThrow("ThrottlingException");
  cold.state.fails = false;
  expect(await cold.settings.value("limit")).toBe("5");
});

it("says which parameter is missing, and which is no secret", async () => {
  const { settings } = reader();
  await expect(settings.value("colour")).rejects.toThrow("There is no parameter /shop/colour: add it");
  await expect(settings.secret("limit")).rejects.toThrow("The parameter /shop/limit names no secret");
});
