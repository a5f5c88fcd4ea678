/**
 * Which functions a SELECT may call and still run twice without harm. A function that is not listed may write, or draw from
 * a sequence: a SELECT that calls it is not repeated after a failure whose effect is not known.
 */

const PURE = new Set(
  // Words that stand before a parenthesis without being a function.
  (
    "in any all some exists not and or on as select from where values over filter within group by order using when then else " +
    "case array row cast lateral distinct between like ilike similar is with materialized union intersect except limit offset " +
    "partition having interval numeric decimal varchar char bit timestamp timestamptz time timetz extract substring overlay " +
    "position trim normalize " +
    // Functions.
    "abs ceil ceiling floor round trunc mod power sqrt sign div exp ln log random gcd width_bucket " +
    "coalesce nullif greatest least " +
    "lower upper initcap length char_length octet_length substr left right replace translate concat concat_ws format repeat " +
    "reverse split_part strpos starts_with lpad rpad ltrim rtrim btrim md5 sha256 encode decode to_hex ascii chr quote_ident " +
    "regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table regexp_substr string_to_array " +
    "now current_timestamp current_date localtimestamp clock_timestamp statement_timestamp transaction_timestamp date_trunc " +
    "date_part date_bin age to_char to_date to_timestamp to_number make_date make_interval make_timestamp make_timestamptz " +
    "timezone justify_hours isfinite " +
    "count sum avg min max bool_and bool_or every string_agg array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg mode " +
    "percentile_cont percentile_disc stddev variance corr bit_and bit_or " +
    "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value grouping " +
    "array_length cardinality array_append array_prepend array_cat array_remove array_replace array_position array_to_string " +
    "unnest generate_series generate_subscripts " +
    "to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array " +
    "json_array_length jsonb_array_length json_array_elements jsonb_array_elements jsonb_array_elements_text json_each " +
    "jsonb_each jsonb_each_text jsonb_object_keys jsonb_set jsonb_insert jsonb_strip_nulls jsonb_typeof jsonb_path_query " +
    "jsonb_path_exists jsonb_path_query_array jsonb_to_record jsonb_to_recordset jsonb_extract_path jsonb_extract_path_text " +
    "to_tsvector to_tsquery plainto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight similarity " +
    "gen_random_uuid current_user current_setting current_database pg_typeof lower_inc upper_inc isempty int4range daterange " +
    "tstzrange numrange"
  ).split(" "),
);

/** A WITH of raw SQL may do anything. */
const WRITES = /\b(insert|update|delete|merge|into)\b/i;
const CALL = /([a-z_][\w$.]*|")\s*\(/gi;

export function isPureFunction(name: string): boolean {
  return PURE.has(name.toLowerCase().replace(/^pg_catalog\./, ""));
}

/** Of the fragments of raw SQL between its values. A quoted or put-in name before a parenthesis is nobody's we know. */
export function isPureText(fragments: readonly string[]): boolean {
  return fragments.every((text, index) => {
    if ((index > 0 && /^\s*\(/.test(text)) || WRITES.test(text)) return false;
    for (const [, name] of text.matchAll(CALL)) if (!isPureFunction(name!)) return false;
    return true;
  });
}
