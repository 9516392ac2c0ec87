{#-
    Creates intermediate.product(numeric): the product of a column, as an aggregate or over a window.

    exp(sum(ln(x))) loses exactness: a 4:1 split comes out as 3.9999999999999999. This multiplies in numeric
    and keeps 36 decimals per step, so a whole number stays whole and two hundred steps on a factor of 1e-6
    are still right to more than 25 digits. The lock makes two first builds wait for each other.
-#}
{% macro create_product_aggregate() %}
    do $$
    begin
        perform pg_advisory_xact_lock(hashtext('trading_ops.product_aggregate')::bigint);
        if to_regprocedure('intermediate.product(numeric)') is null then
            create function intermediate.multiply(numeric, numeric) returns numeric
            language sql immutable strict parallel safe
            return trim_scale(round($1 * $2, 36));
            create aggregate intermediate.product(numeric) (
                sfunc = intermediate.multiply, stype = numeric, initcond = '1', parallel = safe
            );
        end if;
    end
    $$
{% endmacro %}
