package pgclock

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestKeywordsBecomeCalls(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`select CURRENT_TIMESTAMP`:                             `select pg_catalog."current_timestamp"()`,
		`select current_timestamp(3), Current_Date`:            `select pg_catalog."current_timestamp"(3), pg_catalog."current_date"()`,
		"select localtimestamp\n (2)":                          "select pg_catalog.\"localtimestamp\"\n (2)",
		`select current_time-'1h', localtime, localtime(0)`:    `select pg_catalog."current_time"()-'1h', pg_catalog."localtime"(), pg_catalog."localtime"(0)`,
		`at timestamptz default current_timestamp)`:            `at timestamptz default pg_catalog."current_timestamp"())`,
		`E'it\'s CURRENT_DATE' || current_date`:                `E'it\'s CURRENT_DATE' || pg_catalog."current_date"()`,
		`'it''s CURRENT_DATE' || current_date`:                 `'it''s CURRENT_DATE' || pg_catalog."current_date"()`,
		`'a\' || current_date || 'b'`:                          `'a\' || pg_catalog."current_date"() || 'b'`,
		`"current_date"`:                                       `"current_date"`,
		"-- current_date\ncurrent_date":                        "-- current_date\npg_catalog.\"current_date\"()",
		`/* a /* current_date */ current_date */ current_date`: `/* a /* current_date */ current_date */ pg_catalog."current_date"()`,
		`t.current_date, t . /* a */ current_date`:             `t.current_date, t . /* a */ current_date`,
		`now() AS current_date, current_date as now`:           `now() AS current_date, pg_catalog."current_date"() as now`,
		`my_current_date, current_dates, current_date$`:        `my_current_date, current_dates, current_date$`,
		`as $$ it's current_date $$ || current_date`:           `as $$ it's current_date $$ || pg_catalog."current_date"()`,
		`as $f$ select current_date $f$, $1, current_date`:     `as $f$ select pg_catalog."current_date"() $f$, $1, pg_catalog."current_date"()`,
		`$$ current_date`:                                      `$$ pg_catalog."current_date"()`,
		`/* current_date`:                                      `/* current_date`,
		`'current_date`:                                        `'current_date`,
		`select now()`:                                         `select now()`,
		``:                                                     ``,
	} {
		require.Equal(t, want, calling(sql), sql)
		require.Equal(t, want, calling(want), "once more changes nothing: %s", sql)
	}
}

// Whatever the text, all of it stays but the keywords, and nothing panics.
func TestNothingButKeywordsChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			"current_date", "LocalTime", "(", "3)", " ", "'", `"`, `\`, "$$", "$a$", "$1", "--", "\n", "/*", "*/", ".", "as", "E", "é", "\xff", "x", "*", "/",
		})).Draw(t, "parts")
		sql := strings.Join(parts, "")
		back := strings.NewReplacer(`pg_catalog."current_date"()`, "current_date", `pg_catalog."current_date"`, "current_date",
			`pg_catalog."localtime"()`, "localtime", `pg_catalog."localtime"`, "localtime")
		got := back.Replace(calling(sql))
		if !strings.EqualFold(sql, got) {
			t.Fatalf("%q became %q", sql, calling(sql))
		}
	})
}
