package missioncontrol

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sound tells that an error is one that a client can use.
func sound(t *testing.T, err error) {
	t.Helper()
	var f *failure
	require.ErrorAs(t, err, &f)
	require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, f.status)
	require.NotEmpty(t, f.Code)
	_, err = json.Marshal(f)
	require.NoError(t, err)
}

func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"scenario":"town","seed":"42","policies":{"cancelChance":0.1},"durationMinutes":60,"clock":"paced","compression":100}`,
		`{"scenario":null,"seed":9223372036854775807}`, `{"seed":1e3}`, `{`, ``, `null`, `{"a":{"b":[1,2]}}`, "{\"scenario\":\"\xff\"}",
		`{"type":"GLOOM","durationMin":30,"parameters":{"depth":1}}`, `{"steps":"5","factor":1.5}`, `{"scenario":"a","scenario":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := plan{compression: -1}
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		if err := decodeBody(httptest.NewRecorder(), r, 4096, p.fields()...); err != nil {
			sound(t, err)
		} else {
			require.LessOrEqual(t, p.seed, uint64(seedMost))
			require.True(t, p.durationMinutes >= 0 && p.durationMinutes <= minutesMost)
			require.True(t, p.policies == nil || json.Valid(p.policies))
		}
		var steps uint64 = 1
		var factor float64
		if err := decodeObject(body, integer("steps", false, 1, stepsMost, &steps), number("factor", true, 0, factorMost, false, &factor)); err != nil {
			sound(t, err)
		}
		require.True(t, steps >= 1 && steps <= stepsMost && factor >= 0 && factor <= factorMost)
	})
}

func FuzzQueries(f *testing.F) {
	for _, seed := range []string{"from=1&limit=5", "from=-1", "limit=1001", "a=%zz", "from=1&from=2", "scenario=x&verdict=PASS&seed=7&before=2026-01-05T08:00:00Z&beforeId=a", ";"} {
		f.Add(seed, "17")
	}
	f.Fuzz(func(t *testing.T, text, last string) {
		r := &http.Request{URL: &url.URL{Path: "/", RawQuery: text}, Header: http.Header{"Last-Event-Id": {last}}}
		if cursor, err := cursorOf(r); err != nil {
			sound(t, err)
		} else {
			require.GreaterOrEqual(t, cursor, int64(0))
		}
		if filter, err := runFilter(r); err != nil {
			sound(t, err)
		} else {
			require.True(t, filter.Limit >= 1 && filter.Limit <= 1000)
		}
	})
}

// Whatever an event holds, its frame is one frame.
func FuzzFrames(f *testing.F) {
	f.Add("customer/1", "operation", []byte(`{"a": "b\nc"}`))
	f.Add("a\nid: 9", "x\r\n\r\nevent: end", []byte("{\n\n}"))
	f.Add("", "", []byte("no json \xff\x00"))
	f.Fuzz(func(t *testing.T, actor, kind string, payload []byte) {
		row := eventRow(eventOf(actor, kind, payload), testTime)
		text := string(appendRows(nil, &row, nil))
		require.Equal(t, 4, strings.Count(text, "\n"), "id, event, data and an empty line")
		require.NotContains(t, text, "\r")
		data, ok := strings.CutPrefix(strings.TrimSuffix(text, "\n\n"), "id: 7\nevent: event\ndata: ")
		require.True(t, ok)
		require.True(t, json.Valid([]byte(data)))
		require.NotEqual(t, "null", data)
	})
}

var errPlain = errors.New("plain")

func TestUnknownErrorsAreTheStores(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusServiceUnavailable, asFailure(errPlain).status)
	require.Equal(t, http.StatusBadRequest, asWrong(errPlain, nil, "x").status)
}
