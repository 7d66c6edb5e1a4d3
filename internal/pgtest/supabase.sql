-- What policies of a Supabase project are written against, as its own images and
-- Supabase Auth define it. Roles belong to the whole server: tests that run at
-- the same time meet here.
do $$
declare
	wanted text;
begin
	foreach wanted in array array[
		'anon nologin noinherit',
		'authenticated nologin noinherit',
		'service_role nologin noinherit bypassrls',
		'authenticator login noinherit'
	] loop
		begin
			if not exists (select from pg_roles where rolname = split_part(wanted, ' ', 1)) then
				execute 'create role ' || wanted;
			end if;
		exception when duplicate_object or unique_violation then
			null; -- another test was first
		end;
	end loop;
	for wanted in select unnest(array['anon', 'authenticated', 'service_role']) loop
		begin
			if not pg_has_role('authenticator', wanted, 'member') then
				execute format('grant %I to authenticator', wanted);
			end if;
		exception when unique_violation or internal_error then -- "tuple concurrently updated"
			null;
		end;
	end loop;
end
$$;

grant usage on schema public to anon, authenticated, service_role;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;

-- PostgREST tells the claims of a request's token as one setting; before its
-- version 9 it was one setting per claim, which Supabase still reads first.
create or replace function auth.uid() returns uuid language sql stable as $$
	select coalesce(
		nullif(current_setting('request.jwt.claim.sub', true), ''),
		nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
	)::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
	select coalesce(
		nullif(current_setting('request.jwt.claim.role', true), ''),
		nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
	)
$$;

create or replace function auth.email() returns text language sql stable as $$
	select coalesce(
		nullif(current_setting('request.jwt.claim.email', true), ''),
		nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
	)
$$;

create or replace function auth.jwt() returns jsonb language sql stable as $$
	select coalesce(
		nullif(current_setting('request.jwt.claim', true), ''),
		nullif(current_setting('request.jwt.claims', true), '')
	)::jsonb
$$;
