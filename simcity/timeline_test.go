package simcity_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bookiji/simcity/simcity"
)

// twoAtOneDesk is the classic: both look, both take.
func twoAtOneDesk() simcity.Timeline {
	const nine = 9 * time.Hour
	return simcity.Timeline{
		{At: nine, Actor: "seeker/1", Kind: simcity.MomentSeam, Text: "look"},
		{At: nine, Actor: "seeker/2", Kind: simcity.MomentSeam, Text: "look"},
		{At: nine, Actor: "seeker/1", Kind: simcity.MomentSeam, Text: "take"},
		{At: nine, Actor: "seeker/1", Kind: simcity.MomentOperation, Text: "get /?day=a -> ok 200", Since: nine},
		{At: nine, Actor: "seeker/2", Kind: simcity.MomentSeam, Text: "take", Times: 2},
		{At: nine + time.Second, Actor: "seeker/2", Kind: simcity.MomentOperation, Text: "get /?day=a -> ok 200", Since: nine},
		{At: nine + time.Second, Actor: "seeker/2", Kind: simcity.MomentBroken, Text: "one_owner: seeker/1 & seeker/2"},
	}
}

func TestTimelineIsADiagramOfText(t *testing.T) {
	t.Parallel()
	require.Equal(t, `
                seeker/1               seeker/2
  9h0m0s        | look
  9h0m0s                               | look
  9h0m0s        | take
  9h0m0s        get /?day=a -> ok 200
  9h0m0s                               | take (2x)
  9h0m1s                               get /?day=a -> ok 200 (since 9h0m0s)
  9h0m1s                               one_owner: seeker/1 & seeker/2
`, "\n"+twoAtOneDesk().String())
	require.Equal(t, "\n", simcity.Timeline(nil).String())
}

func TestColumnsThatAreTooManyMoveTogether(t *testing.T) {
	t.Parallel()
	var crowd simcity.Timeline
	for _, name := range []string{"a", "b", "c", "d"} {
		crowd = append(crowd, simcity.Moment{Actor: "bidder/" + name, Kind: simcity.MomentOperation, Text: "bid 100 on the lamp of " + name + " -> ok 200, the highest"})
	}
	require.Equal(t, `
                bidder/a
                               bidder/b
                                              bidder/c
                                                             bidder/d
  0s            bid 100 on the lamp of a -> ok 200, the hig…
  0s                           bid 100 on the lamp of b -> ok 200, the hig…
  0s                                          bid 100 on the lamp of c -> ok 200, the hig…
  0s                                                         bid 100 on the lamp of d -> ok 200, the hig…
`, "\n"+crowd.String())
}

func TestTimelineIsAPicture(t *testing.T) {
	t.Parallel()
	picture := twoAtOneDesk().SVG()
	for element, times := range map[string]int{
		`class="name"`: 2, `<circle class="seam"`: 4, `<rect class="operation"`: 2, `<path class="broken"`: 1,
		`class="time"`: 2, "one_owner: seeker/1 &amp; seeker/2</title>": 1, "| take (2x)<title>": 1,
	} {
		require.Equal(t, times, strings.Count(picture, element), "%s in\n%s", element, picture)
	}
	require.Contains(t, picture, `<polyline class="path" points="128,45 368,67 128,89 128,111 368,133 368,155 368,177"`)
	require.Contains(t, picture, `<rect class="operation" x="124" y="41" width="8" height="75"`, "from its first seam to its end")
	require.NotContains(t, picture, "style", "a content security policy may forbid it")
}

func TestPictureIsWellFormedWhateverIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moments := rapid.SliceOf(rapid.Custom(func(t *rapid.T) simcity.Moment {
			return simcity.Moment{
				At: time.Duration(rapid.Int64().Draw(t, "at")), Since: time.Duration(rapid.Int64().Draw(t, "since")),
				Actor: rapid.String().Draw(t, "actor"), Text: rapid.String().Draw(t, "text"),
				Kind: simcity.MomentKind(rapid.OneOf(rapid.SampledFrom([]string{"seam", "operation", "fault", "broken"}), rapid.String()).Draw(t, "kind")),
			}
		})).Draw(t, "moments")
		picture := xml.NewDecoder(strings.NewReader(simcity.Timeline(moments).SVG()))
		for {
			if _, err := picture.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTimelineOfABundlesEvents(t *testing.T) {
	t.Parallel()
	res := seekers(false).Seed(unluckySeed).Simulate(t)
	told := simcity.TimelineOf(res.LastEvents).String()
	require.Contains(t, told, "get /?day=")
	require.Contains(t, told, "-> ok 200")
	require.Contains(t, told, "one_owner: "+res.Violations[0].Got)
	require.NotContains(t, told, "tick")

	var findings simcity.Timeline
	for _, payload := range []string{`{"kind":"deadlock","actor":"a; b"}`, `{"kind":"panic","actor":"a"}`, `{"kind":"hang","actor":""}`, `nonsense`} {
		findings = append(findings, simcity.TimelineOf([]simcity.Event{{Actor: "engine", Type: simcity.EventFinding, Payload: []byte(payload)}})...)
	}
	require.Equal(t, "a deadlock with b, a panic, engine hang, engine ", words(findings))
}

func words(timeline simcity.Timeline) string {
	var all []string
	for _, m := range timeline {
		all = append(all, m.Actor+" "+m.Text)
	}
	return strings.Join(all, ", ")
}
