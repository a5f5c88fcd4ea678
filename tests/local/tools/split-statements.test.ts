/** What ends a statement, and what only looks like it. */
import { splitStatements } from "../../../local/tools/split-statements.ts";

it.each([
  ["select 1", [], "select 1"],
  ["select 1; select 2;", ["select 1", "select 2"], ""],
  ["select ';'; select \";\" from t", ["select ';'"], ' select ";" from t'],
  ["select 'it''s;'; x", ["select 'it''s;'"], " x"],
  ["do $$ begin; end $$; y", ["do $$ begin; end $$"], " y"],
  ["do $a$ $$;$$ $a$; y", ["do $a$ $$;$$ $a$"], " y"],
  ["select 1 -- ; not yet\n; z", ["select 1 -- ; not yet"], " z"],
  ["/* ; */ select 1; z", ["/* ; */ select 1"], " z"],
  ["select 'open; ", [], "select 'open; "],
  ["do $$ open; ", [], "do $$ open; "],
])("%j", (text, statements, rest) => {
  expect(splitStatements(text)).toEqual({ statements, rest });
});
