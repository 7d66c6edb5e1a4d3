package redis_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	chaos "github.com/bookiji/simcity/chaos/redis"
	"github.com/bookiji/simcity/simcity"
)

func TestKindsReadWhatTheyTell(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"FLUSH_REDIS":            `{"match":"slots:*","share":0.5}`,
		"DROP_REDIS_CONNECTIONS": `{"everyMs":90000}`,
		"PAUSE_REDIS":            `{"longestMs":2500,"writesOnly":true}`,
	}
	for _, kind := range chaos.Kinds() {
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
	require.Len(t, chaos.Kinds(), len(texts))
}

func TestCommandsInjectKindsByName(t *testing.T) {
	t.Parallel()
	mini := small(t)
	require.NoError(t, mini.Set("slots:1", "1"))
	require.NoError(t, mini.Set("user:1", "1"))
	var answers []string
	hour := city(hostOn(&redis.Options{Addr: mini.Addr()}, true), 1, visitor(&answers,
		step{5 * time.Minute, "dbsize"}, step{15 * time.Minute, "dbsize"}), chaos.Kinds()...)
	res := hour.Command(simcity.Command{
		Kind: simcity.InjectFault, At: 10 * time.Minute, For: time.Minute,
		Fault: "FLUSH_REDIS", Parameters: json.RawMessage(`{"match":"slots:*"}`),
	}).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, []string{"2", "1"}, answers)
}
