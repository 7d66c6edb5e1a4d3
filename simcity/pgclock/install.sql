-- The functions of pg_catalog that tell the time, in this database alone. Each
-- keeps its name, its number and so everybody who already uses it: defaults,
-- views, policies, triggers, functions with a search_path of their own. Where
-- nobody set the time they answer as before.
--
-- Postgres calls a function of its own in C by its number, whatever the catalog
-- says; but the planner puts the body of an SQL function in its place first. So
-- each body must be one that can be inlined: one expression, no less stable than
-- the function says.
create or replace function pg_catalog.simcity_real_now() returns timestamptz
	language internal stable strict parallel safe as 'now';
create or replace function pg_catalog.simcity_real_statement_timestamp() returns timestamptz
	language internal stable strict parallel safe as 'statement_timestamp';
create or replace function pg_catalog.simcity_real_clock_timestamp() returns timestamptz
	language internal volatile strict parallel safe as 'clock_timestamp';

create or replace function pg_catalog.now() returns timestamptz language sql stable parallel safe as
	$$ select coalesce(nullif(current_setting('simcity.now', true), '')::timestamptz, pg_catalog.simcity_real_now()) $$;
create or replace function pg_catalog.transaction_timestamp() returns timestamptz language sql stable parallel safe as
	$$ select coalesce(nullif(current_setting('simcity.now', true), '')::timestamptz, pg_catalog.simcity_real_now()) $$;
create or replace function pg_catalog.statement_timestamp() returns timestamptz language sql stable parallel safe as
	$$ select coalesce(nullif(current_setting('simcity.clock', true), '')::timestamptz, pg_catalog.simcity_real_statement_timestamp()) $$;
create or replace function pg_catalog.clock_timestamp() returns timestamptz language sql volatile parallel safe as
	$$ select coalesce(nullif(current_setting('simcity.clock', true), '')::timestamptz, pg_catalog.simcity_real_clock_timestamp()) $$;

-- The keywords are no functions, and no catalog can change them. They become
-- calls of these on their way to the server; the names make the columns of a
-- result be called as before.
create or replace function pg_catalog."current_timestamp"() returns timestamptz language sql stable parallel safe as
	$$ select pg_catalog.now() $$;
create or replace function pg_catalog."current_timestamp"(int) returns timestamptz language sql stable parallel safe as
	$$ select pg_catalog.timestamptz(pg_catalog.now(), $1) $$;
create or replace function pg_catalog."current_date"() returns date language sql stable parallel safe as
	$$ select pg_catalog.now()::date $$;
create or replace function pg_catalog."current_time"() returns timetz language sql stable parallel safe as
	$$ select pg_catalog.now()::timetz $$;
create or replace function pg_catalog."current_time"(int) returns timetz language sql stable parallel safe as
	$$ select pg_catalog.timetz(pg_catalog.now()::timetz, $1) $$;
create or replace function pg_catalog."localtimestamp"() returns timestamp language sql stable parallel safe as
	$$ select pg_catalog.now()::timestamp $$;
create or replace function pg_catalog."localtimestamp"(int) returns timestamp language sql stable parallel safe as
	$$ select pg_catalog."timestamp"(pg_catalog.now()::timestamp, $1) $$;
create or replace function pg_catalog."localtime"() returns time language sql stable parallel safe as
	$$ select pg_catalog.now()::time $$;
create or replace function pg_catalog."localtime"(int) returns time language sql stable parallel safe as
	$$ select pg_catalog."time"(pg_catalog.now()::time, $1) $$;

create or replace function pg_catalog.age(timestamptz) returns interval language sql stable strict parallel safe as
	$$ select pg_catalog.age(pg_catalog."current_date"()::timestamptz, $1) $$;
create or replace function pg_catalog.age(timestamp) returns interval language sql stable strict parallel safe as
	$$ select pg_catalog.age(pg_catalog."current_date"()::timestamp, $1) $$;
