package redis_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	chaos "github.com/bookiji/simcity/chaos/redis"
	"github.com/bookiji/simcity/simcity"
)

func TestFlush(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int{0: 30, 1: 30, 0.1: 3, 1.0 / 3: 10} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			t.Parallel()
			mini := small(t)
			for n := range 30 {
				require.NoError(t, mini.Set(fmt.Sprintf("slots:%02d", n), "1"))
			}
			require.NoError(t, mini.Set("user:1", "1"))
			var answers []string
			res := city(hostOn(&redis.Options{Addr: mini.Addr()}, true), 1, visitor(&answers,
				step{5 * time.Minute, "dbsize"}, step{15 * time.Minute, "dbsize"})).
				Inject(chaos.Flush{Share: share, Match: "slots:*"}.Fault(), 10*time.Minute, time.Minute).Simulate(t)
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			require.Equal(t, []string{"31", strconv.Itoa(31 - want)}, answers)
			require.Equal(t, int64(want), res.Faults[0].Touched)
		})
	}
}

func TestFlushHook(t *testing.T) {
	t.Parallel()
	mini := small(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr()})
	for n := range 9 {
		require.NoError(t, mini.Set(fmt.Sprint("k", n), "1"))
	}
	flush := chaos.FlushHook(client)
	dropped, err := flush(t.Context(), 1.0/3)
	require.NoError(t, err)
	require.Equal(t, int64(3), dropped)
	require.Equal(t, []string{"k0", "k1", "k3", "k4", "k6", "k7"}, mini.Keys())
	dropped, err = flush(t.Context(), 0)
	require.NoError(t, err)
	require.Zero(t, dropped)
	for _, share := range []float64{-1, 1.1, math.NaN()} {
		_, err = flush(t.Context(), share)
		require.ErrorContains(t, err, "FLUSH_REDIS.share")
	}
	require.NoError(t, client.Close())
}

func TestFlushOfARealServer(t *testing.T) {
	options := realServer(t)
	client := redis.NewClient(options)
	prefix := fmt.Sprintf("simcity:%d:", time.Now().UnixNano())
	for n := range 2500 {
		require.NoError(t, client.Set(t.Context(), fmt.Sprint(prefix, n), 1, time.Minute).Err())
	}
	res := city(hostOn(options, true), 1, visitor(new([]string), step{time.Minute, "ping"})).
		Inject(chaos.Flush{Share: 0.5, Match: prefix + "*"}.Fault(), 10*time.Minute, time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, int64(1250), res.Faults[0].Touched)
	keys, err := client.Keys(t.Context(), prefix+"*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 1250)
	require.NoError(t, client.Close())
}

func TestDropConnections(t *testing.T) {
	options := realServer(t)
	var answers []string
	res := city(hostOn(options, true), 1, visitor(&answers,
		step{5 * time.Minute, "client id"}, step{6 * time.Minute, "client id"},
		step{11 * time.Minute, "client id"}, step{12 * time.Minute, "client id"}, step{16 * time.Minute, "client id"},
		step{25 * time.Minute, "client id"}, step{35 * time.Minute, "client id"})).
		Inject(chaos.DropConnections{Every: 4 * time.Minute}.Fault(), 10*time.Minute, 10*time.Minute).Simulate(t)
	require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
	require.Equal(t, answers[0], answers[1])
	require.NotEqual(t, answers[1], answers[2])
	require.Equal(t, answers[2], answers[3])
	require.NotEqual(t, answers[3], answers[4])
	require.Equal(t, answers[5], answers[6], "after its end none is dropped")
	require.Equal(t, int64(3), res.Faults[0].Touched)
}

func TestPause(t *testing.T) {
	for name, pause := range map[string]chaos.Pause{
		"writes": {WritesOnly: true, Longest: 20 * time.Second},
		"all":    {Longest: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			options := realServer(t)
			options.ReadTimeout = 200 * time.Millisecond
			options.MaxRetries = -1
			var answers []string
			res := city(hostOn(options, true), 1, visitor(&answers, step{time.Minute, "set a 1"}, step{3 * time.Minute, "set a 2"}, step{5 * time.Minute, "set a 3"})).
				Clock(simcity.Stepped()).Until(10*time.Minute).
				Inject(pause.Fault(), 2*time.Minute, 2*time.Minute).Simulate(t)
			require.Equal(t, simcity.Pass, res.Verdict, res.Reasons)
			require.Len(t, answers, 3)
			require.Equal(t, "OK", answers[0])
			require.Contains(t, answers[1], "timeout")
			require.Equal(t, "OK", answers[2])
			require.Equal(t, int64(1), res.Faults[0].Touched)
		})
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	for want, fault := range map[string]simcity.Fault{
		"FLUSH_REDIS.share":              chaos.Flush{Share: math.NaN()}.Fault(),
		"DROP_REDIS_CONNECTIONS.everyMs": chaos.DropConnections{Every: -1}.Fault(),
		"PAUSE_REDIS.longestMs":          chaos.Pause{Longest: time.Hour}.Fault(),
	} {
		var field *simcity.FieldError
		require.ErrorAs(t, fault.Err, &field, want)
		require.Equal(t, want, field.Field)
	}
}

func TestFaultsThatCannotStrikeAreRefused(t *testing.T) {
	t.Parallel()
	away := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	for want, fault := range map[string]simcity.Fault{
		"add .Clock(simcity.Stepped())":              chaos.Pause{}.Fault(),
		"call redis.Offer(w, client) in its factory": chaos.Flush{}.Fault(),
		"the server does not answer":                 chaos.DropConnections{Client: away}.Fault(),
	} {
		res := city(simcity.Handler(http.NotFoundHandler()), 1, visitor(new([]string))).Inject(fault, time.Minute, time.Minute).Simulate(t)
		require.NotEqual(t, simcity.Pass, res.Verdict)
		require.Contains(t, res.Reasons[0], want)
	}
	require.NoError(t, away.Close())
}
