package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/chaos/postgres"
	"github.com/bookiji/simcity/simcity"
)

func TestKindsReadWhatTheyTell(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"POOL_EXHAUSTION":           `{"connections":3}`,
		"DROP_POSTGRES_CONNECTIONS": `{"applicationName":"shop","everyMs":90000,"share":0.5}`,
		"FAIL_STATEMENTS":           `{"operations":["insert","truncate"],"share":0.25,"sqlState":"53300","table":"bookings"}`,
		"LOCK_TABLE":                `{"table":"bookings"}`,
	}
	for _, kind := range postgres.Kinds() {
		require.Contains(t, texts, kind.Kind)
		fault, err := kind.Make(json.RawMessage(texts[kind.Kind]))
		require.NoError(t, err)
		told, err := json.Marshal(fault.Parameters)
		require.NoError(t, err)
		require.JSONEq(t, texts[kind.Kind], string(told))
		require.Regexp(t, `^[A-Z].*\.$`, kind.Doc)
		for _, p := range kind.Parameters {
			require.NotEmpty(t, p.Doc, "%s.%s", kind.Kind, p.Name)
		}
		_, err = kind.Make(json.RawMessage(`{"oops":1}`))
		require.ErrorContains(t, err, kind.Kind+".oops is unknown")
	}
	require.Len(t, postgres.Kinds(), len(texts))
}

// A scenario knows the faults of the host's hooks and those of its database, and
// commands inject both.
func TestCommandsInjectKindsByName(t *testing.T) {
	t.Parallel()
	dsn := openShop(t)
	before := snapshot(t, dsn)
	var answers []string
	hour := city(hostOn(dsn, nil), 1, visitor(&answers,
		step{5 * time.Minute, insert}, step{15 * time.Minute, insert}, step{25 * time.Minute, insert}),
		append(chaos.Kinds(), postgres.Kinds()...)...)
	res := hour.Command(simcity.Command{
		Kind: simcity.InjectFault, At: 10 * time.Minute, For: 10 * time.Minute,
		Fault: "FAIL_STATEMENTS", Parameters: json.RawMessage(`{"table":"bookings","sqlState":"40P01"}`),
	}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, []string{"2", "40P01: simcity: FAIL_STATEMENTS fails this insert of public.bookings", "2"}, answers)
	require.Equal(t, int64(1), res.Faults[0].Touched)
	requireNothingLeft(t, dsn, before)
}
